"""Sections that say how the two stages of KeyIn are trained, and how keyframes are detected without the keyframe model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from keyin_cli.recipe.section import Positive, Range, Section, Weight


class Schedule(Section):
    """One training stage: Adam with gradient clipping, a constant rate, then a linear fall to zero over the last part."""

    steps: Positive
    batch: Positive = 64
    lr: float = Field(1e-3, gt=0)
    decay: float = Field(0.3, ge=0, le=1)  # share of the steps over which the rate falls to zero
    clip: float = Field(1.0, gt=0)  # largest gradient norm
    log_every: Positive = 50
    validate_every: Positive = 1000
    checkpoint_every: Positive = 500


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
    entropy: Weight = 0.0  # bonus on the entropy of delta, falls linearly to zero over `entropy_until`


class Train(Schedule):
    """Stage 2: the keyframe model on the frozen interpolator."""

    steps: Positive = 20_000
    objective: Literal["soft-pixels", "soft-embeddings", "search"] = "soft-pixels"
    teacher_forcing: bool = False  # LSTM_key is told the times that the search found, not those it expects; that objective only
    weights: TrainWeights = TrainWeights()
    entropy_until: float = Field(0.5, gt=0, le=1)  # share of the steps
    skip_below: float = Field(1e-8, ge=0, lt=1)  # generated frames of a smaller share in every frame are not decoded

    @model_validator(mode="after")
    def _pixels(self) -> Train:
        if self.objective == "search" and self.weights.keyframe_pixels > 0:
            raise ValueError("weights.keyframe_pixels: the objective search compares no pixels")
        if self.objective != "search" and self.teacher_forcing:
            raise ValueError("teacher_forcing: only the objective search knows the times of keyframes")
        return self


class Soft(Section):
    """Methods that are KeyIn with a soft loss; what is not said here is as in `train`."""

    steps: Positive | None = None  # those of `train` when not given; a step of a soft loss takes longer than one of the search
    weights: TrainWeights = TrainWeights()


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
