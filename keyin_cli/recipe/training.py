"""Sections that say how the two stages of KeyIn are trained, and how keyframes are detected without the keyframe model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from keyin_cli.recipe.section import Positive, Range, Section, Weight


class Optimisation(Section):
    """Adam with gradient clipping, a constant rate, then a linear fall to zero over the last part."""

    steps: Positive
    batch: Positive = 64
    lr: float = Field(1e-3, gt=0)
    decay: float = Field(0.3, ge=0, le=1)  # share of the steps over which the rate falls to zero
    clip: float = Field(1.0, gt=0)  # largest gradient norm


class Records(Section):
    """How often training writes down where it stands. Changes no weight."""

    log_every: Positive = 50
    validate_every: Positive = 1000
    checkpoint_every: Positive = 500


class Schedule(Optimisation, Records):
    """A stage that is trained in one go."""


class PretrainWeights(Section):
    """Weights of the terms of stage 1 beside the error of the inpainted frames, which weighs 1."""

    kl: Weight = 1e-3
    autoencoder: Weight = 1.0
    embeddings: Weight = 0.0  # inpainted embeddings against the encoder's, for the objective soft-embeddings


class Pretrain(Schedule):
    """Stage 1: the interpolator with encoder and decoder on segments between two frames."""

    steps: Positive = 15_000
    lengths: Range = (1, 10)
    weights: PretrainWeights = PretrainWeights()

    @model_validator(mode="after")
    def _range(self) -> Pretrain:
        if self.lengths[0] > self.lengths[1]:
            raise ValueError(f"lengths: {self.lengths[0]} to {self.lengths[1]} is empty")
        return self


class TrainWeights(Section):
    """Weights of the terms of stage 2; names as in docs/spec.md, formulas 7 and 8."""

    keyframe_pixels: Weight = 0.0  # beta_K; soft objectives only
    keyframe_embeddings: Weight = 1.0  # beta_kappa
    kl: Weight = 5e-2  # beta
    sequence: Weight = 1.0  # L_inter; with the objective search, of the frames after the last keyframe inside
    offsets: Weight = 1.0  # offsets against those of the search; the objective search only
    description: Weight = 1.0  # the description length, expected or marginal; these objectives only
    keyframes_inside: Weight = 0.0  # price of every keyframe that is expected inside, nats; soft objectives only
    entropy: Weight = 0.0  # bonus on the entropy of delta, at the first step


Objective = Literal["soft-pixels", "soft-embeddings", "description", "marginal", "search"]
Part = Literal["encoder", "decoder", "interpolator"]
MOST_PHASES = 100
SUMMED = ("description", "marginal")  # objectives that learn from all chains of segments
SEARCHED = ("search", *SUMMED)  # and those that learn from the costs of segments
PARTS: tuple[Part, ...] = ("encoder", "decoder", "interpolator")  # of stage 1


class TrainPhase(Optimisation):
    """A part of stage 2: one objective with its own steps, rate and weights. Adam begins anew with every phase."""

    steps: Positive = 20_000
    objective: Objective = "soft-pixels"
    sequences: Positive | None = None  # only the first of the training sequences; all when not given
    weights: TrainWeights = TrainWeights()
    entropy_until: float = Field(0.5, gt=0, le=1)  # share of the steps over which the entropy bonus falls linearly
    entropy_end: Weight = 0.0  # what it falls to
    grow: float = Field(0.0, ge=0, le=1)  # share of the steps over which the horizon grows from S to N; all but search
    freeze: tuple[Part, ...] = PARTS  # the parts of stage 1 that are not trained on
    teacher_forcing: bool = False  # LSTM_key is told the times that the search found, not those it expects; that objective only
    skip_below: float = Field(1e-8, ge=0, lt=1)  # generated frames of a smaller share in every frame are not decoded

    def trains(self, part: Part) -> bool:
        """Whether a part of stage 1 is trained on."""
        return part not in self.freeze

    @model_validator(mode="after")
    def _fits(self) -> TrainPhase:
        searched = self.objective in SEARCHED
        if searched and self.weights.keyframe_pixels > 0:
            raise ValueError(f"weights.keyframe_pixels: the objective {self.objective} compares no pixels")
        if self.objective != "search" and self.teacher_forcing:
            raise ValueError("teacher_forcing: only the objective search knows the times of keyframes")
        if self.objective == "search" and self.grow:
            raise ValueError("grow: the objective search has found the keyframes of whole sequences")
        if self.objective != "soft-pixels" and set(self.freeze) != set(PARTS):
            raise ValueError(f"freeze: with the objective {self.objective} all of {', '.join(PARTS)} stay frozen")
        return self


class Train(Records):
    """Stage 2: the keyframe model on the interpolator of stage 1, phase after phase. A single phase may stand here without a
    list: `train: {objective: search, steps: 1000}`."""

    phases: tuple[TrainPhase, ...] = (TrainPhase(),)

    @model_validator(mode="before")
    @classmethod
    def _single(cls, tree: Any) -> Any:
        """Keys of a phase that stand here are those of the only phase."""
        if not isinstance(tree, dict) or not (own := {key: tree[key] for key in tree if key in TrainPhase.model_fields}):
            return tree
        phases = tree.get("phases", [{}])
        if not isinstance(phases, list) or len(phases) != 1 or not isinstance(phases[0], dict):
            raise ValueError("\n".join(f"{key}: of which phase? For example phases.0.{key}" for key in own))
        return {key: value for key, value in tree.items() if key not in own} | {"phases": [_merged(phases[0], own)]}

    @model_validator(mode="after")
    def _order(self) -> Train:
        if not self.phases:
            raise ValueError("phases: at least one is needed")
        if len(self.phases) > MOST_PHASES:
            raise ValueError(f"phases: more than {MOST_PHASES}")
        trained = False
        for number, phase in enumerate(self.phases):
            if trained and phase.objective != "soft-pixels":
                raise ValueError(f"phases.{number}.objective: only soft-pixels may follow a phase that trains parts of stage 1")
            trained = trained or set(phase.freeze) != set(PARTS)
        return self

    @property
    def steps(self) -> int:
        """Of all phases together."""
        return sum(phase.steps for phase in self.phases)


def _merged(tree: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`tree` with `changes`; of sections in both the keys are merged."""
    both = {key for key in tree if isinstance(tree[key], dict) and isinstance(changes.get(key), dict)}
    return tree | changes | {key: _merged(tree[key], changes[key]) for key in both}


class Soft(Optimisation):
    """Methods that are KeyIn with one soft loss alone."""

    steps: Positive | None = None  # type: ignore[assignment]  # so many when not given that they see as many sequences as `train`
    entropy_until: float = Field(0.5, gt=0, le=1)
    weights: TrainWeights = TrainWeights()
    prior: Literal["fixed", "learned"] = "fixed"  # of z_t, in place of `model.prior`: fixed is the paper's


class Discovery(Section):
    """Detecting keyframes without the keyframe model."""

    price: Literal["auto"] | Annotated[float, Field(ge=0)] = "auto"  # nats per keyframe; auto: see model/search.py
    # Frames by which keyframes are moved from where the search finds them: -1, one frame earlier, where what it finds is the
    # first frame of a new motion, because the keyframe is the last of the old one.
    shift: int = 0
    calibration: Positive = 256  # training sequences that choose the constant offset

    @model_validator(mode="before")
    @classmethod
    def _old_key(cls, tree: Any) -> Any:
        """Recipes and weights written before the key `shift` have its negative, `earlier`."""
        if isinstance(tree, dict) and "earlier" in tree:
            earlier = tree["earlier"]
            valid = isinstance(earlier, int) and earlier >= 0
            if not valid or (earlier and tree.get("shift", -earlier) != -earlier):
                raise ValueError("earlier: is called shift now, and shift: -1 is what earlier: 1 was")
            return {"shift": -earlier} | {key: value for key, value in tree.items() if key != "earlier"}
        return tree
