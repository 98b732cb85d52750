"""Recipes: what a run is, in YAML. The only place that knows YAML.

`load(path, overrides)` gives a validated, immutable `Recipe` or raises one `InputError` that lists every problem with its
dotted path. Letters in comments are the paper's: T conditioning frames, N frames to predict, M keyframes, S the largest
offset between two keyframes.
"""

from __future__ import annotations

import copy
import difflib
import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from keyin_cli.errors import InputError

Positive = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]
Range = tuple[Positive, Positive]
Sized = Annotated[list[Positive], Field(min_length=1)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Part = TypeVar("Part", bound=Section)


# ---------------------------------------------------------------- data


class Split(Section):
    """Shares of the sequences; a sequence's split depends on (seed, index) alone. The rest is for testing."""

    train: float = Field(0.9, ge=0, le=1)
    val: float = Field(0.05, ge=0, le=1)

    @model_validator(mode="after")
    def _shares(self) -> Split:
        if self.train + self.val > 1:
            raise ValueError(f"train: train + val is {self.train + self.val:g}, more than 1")
        return self


class BrownianData(Section):
    """Structured Brownian motion: a ball that flies straight and turns now and then. Lengths in px, speed in px per frame."""

    kind: Literal["brownian"] = "brownian"
    path: str = "artifacts/data/brownian.zarr"
    n: Positive = 50_000
    seed: int = Field(0, ge=0)
    frames: int = Field(35, ge=2)
    size: int = Field(32, ge=8)
    radius: float = Field(1.6, gt=0)
    speed: float = Field(1.6, gt=0)
    margin: float = Field(2.6, ge=0)
    first_change: Range = (1, 8)
    segment: Range = (6, 8)
    min_turn: float = Field(30.0, ge=0, le=44)  # degrees; more could leave a ball in a corner without a heading
    split: Split = Split()

    @property
    def image(self) -> tuple[int, int, int]:
        return self.size, self.size, 1

    @model_validator(mode="after")
    def _consistent(self) -> BrownianData:
        problems = []
        for name in ("first_change", "segment"):
            low, high = getattr(self, name)
            if low > high:
                problems.append(f"{name}: {low} to {high} is empty")
        longest = max(self.first_change[1], self.segment[1])
        room = (self.size - 2 * self.margin) / 2
        if longest * self.speed > room:
            problems.append(
                f"speed: {longest} frames at {self.speed:g} px can leave the frame; at most {room / longest:.2f} fits"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self


class ZarrData(Section):
    """Your own sequences: a Zarr dataset of the documented layout (README, "Your own videos")."""

    kind: Literal["zarr"]
    path: str
    frames: int = Field(ge=2)
    height: Positive
    width: Positive
    channels: Positive

    @property
    def image(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels


Data = Annotated[BrownianData | ZarrData, Field(discriminator="kind")]


class Window(Section):
    """How a sequence is cut: T conditioning frames, then N predicted ones, described by up to M keyframes at most S apart."""

    conditioning: Positive = 5  # T
    predicted: Positive = 30  # N
    keyframes: Positive = 6  # M
    max_offset: Positive = 10  # S

    @model_validator(mode="after")
    def _reach(self) -> Window:
        reach = self.keyframes * self.max_offset
        if self.predicted > reach:
            raise ValueError(f"predicted: {self.predicted} frames are out of reach of keyframes x max_offset = {reach}")
        return self


# ---------------------------------------------------------------- model


class MlpCodec(Section):
    """Encoder and decoder of fully connected layers: on small images several times faster on a CPU than convolutions."""

    kind: Literal["mlp"] = "mlp"
    embedding: Positive = 64  # E
    hidden: Sized = [256]


class ConvCodec(Section):
    """The paper's encoder and decoder: one stride-2 convolution per entry of `channels`, mirrored in the decoder."""

    kind: Literal["conv"]
    embedding: Positive = 64  # E
    channels: Sized = [16, 32, 64]


class Lstm(Section):
    """Every recurrent module: layers and units (the paper: 2 of 256)."""

    layers: Positive = 2
    units: Positive = 128


class DeterministicInterpolator(Section):
    """Without a latent, as in the 2020 version of the paper."""

    kind: Literal["deterministic"] = "deterministic"


class StochasticInterpolator(Section):
    """A seq2seq VAE, as in the 2019 paper."""

    kind: Literal["stochastic"]
    latent: Positive = 16


class TemporalInference(Section):
    """Convolutions over time before LSTM_inf, sine codes of time in keys, values and queries (see RESULTS.md)."""

    kind: Literal["temporal"] = "temporal"
    kernels: Sized = [5, 3]

    @model_validator(mode="after")
    def _odd(self) -> TemporalInference:
        if any(kernel % 2 == 0 for kernel in self.kernels):
            raise ValueError("kernels: only odd sizes keep a frame in its place")
        return self


class BareInference(Section):
    """The paper's words taken bare: LSTM_inf over embeddings, attention queried by the last keyframe alone."""

    kind: Literal["bare"]


class Model(Section):
    codec: Annotated[MlpCodec | ConvCodec, Field(discriminator="kind")] = MlpCodec()
    lstm: Lstm = Lstm()
    interpolator: Annotated[DeterministicInterpolator | StochasticInterpolator, Field(discriminator="kind")] = (
        DeterministicInterpolator()
    )
    inference: Annotated[TemporalInference | BareInference, Field(discriminator="kind")] = TemporalInference()
    latent: Positive = 16  # size of z_t
    reduction: Literal["sum", "mean"] = "sum"  # of pixel and embedding errors over a frame


# ---------------------------------------------------------------- training


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
    """Weights of the terms of stage 2; names as in SPEC formula 7 and 8."""

    keyframe_pixels: Weight = 0.0  # beta_K; soft objectives only
    keyframe_embeddings: Weight = 1.0  # beta_kappa
    kl: Weight = 5e-2  # beta
    sequence: Weight = 1.0  # L_inter; soft objectives only
    offsets: Weight = 1.0  # offsets against those of the search; the objective search only
    entropy: Weight = 0.0  # bonus on the entropy of delta, falls linearly to zero over `entropy_until`


class Train(Schedule):
    """Stage 2: the keyframe model on the frozen interpolator."""

    steps: Positive = 20_000
    objective: Literal["soft-pixels", "soft-embeddings", "search"] = "soft-pixels"
    weights: TrainWeights = TrainWeights()
    entropy_until: float = Field(0.5, gt=0, le=1)  # share of the steps
    skip_below: float = Field(1e-8, ge=0, lt=1)  # generated frames of a smaller share in every frame are not decoded

    @model_validator(mode="after")
    def _pixels(self) -> Train:
        if self.objective == "search" and self.weights.keyframe_pixels > 0:
            raise ValueError("weights.keyframe_pixels: the objective search compares no pixels")
        return self


class Discovery(Section):
    """Naming keyframes without the keyframe model."""

    price: Literal["auto"] | Annotated[float, Field(ge=0)] = "auto"  # nats per keyframe; auto: see model/search.py
    calibration: Positive = 256  # training sequences that choose the constant offset


class Recipe(Section):
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    seed: int = Field(0, ge=0)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    data: Data = BrownianData()
    window: Window = Window()
    model: Model = Model()
    pretrain: Pretrain = Pretrain()
    train: Train = Train()
    discovery: Discovery = Discovery()

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        problems = []
        needed = self.window.conditioning + self.window.predicted
        if self.data.frames < needed:
            problems.append(
                f"data.frames: {self.data.frames} frames are shorter than window.conditioning + window.predicted = {needed}"
            )
        if self.pretrain.lengths[1] > self.window.max_offset:
            problems.append(
                f"pretrain.lengths: {self.pretrain.lengths[1]} frames exceed window.max_offset = {self.window.max_offset}"
            )
        codec = self.model.codec
        if isinstance(codec, ConvCodec):
            factor = 2 ** len(codec.channels)
            if any(side % factor for side in self.data.image[:2]):
                problems.append(f"model.codec.channels: {len(codec.channels)} halvings need image sides divisible by {factor}")
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def part(self, stage: str) -> dict[str, Any]:
        """The keys that decide a stage's result: `data`, `interpolator` or `keyin`. What else changes does not invalidate it."""
        whole = self.model_dump(mode="json")
        del whole["data"]["path"]
        if stage == "data":
            return {"data": whole["data"]}
        foundation = ("codec", "lstm", "interpolator", "reduction")
        part = {key: whole[key] for key in ("seed", "data", "window", "pretrain")}
        part["model"] = {key: whole["model"][key] for key in foundation}
        if stage == "interpolator":
            return part
        return part | {"model": whole["model"], "train": whole["train"], "discovery": {"price": whole["discovery"]["price"]}}


# ---------------------------------------------------------------- reading


def folder() -> Path:
    """Where the shipped recipes lie: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).parent
    inside = package / "recipes"
    return inside if inside.is_dir() else package.parent / "recipes"


def shipped() -> list[Path]:
    """Paths of the shipped recipes, sorted."""
    return sorted(folder().rglob("*.yaml"))


def about(path: Path) -> str:
    """The first comment line of a recipe: what it is for."""
    lines = path.read_text().splitlines()
    return lines[0].lstrip("# ") if lines and lines[0].startswith("#") else ""


def find(name: str | Path) -> Path:
    """The file that `name` means: a path, or the name of a shipped recipe (`brownian`, `tiny/brownian`).

    Raises:
        InputError: there is no such file; the line names the nearest shipped recipe.
    """
    path = Path(name)
    if path.is_file():
        return path
    names = {str(recipe.relative_to(folder()).with_suffix("")): recipe for recipe in shipped()}
    bare = str(path.with_suffix("")).removeprefix("recipes/")
    if bare in names:
        return names[bare]
    near = difflib.get_close_matches(bare, names, n=1, cutoff=0.0)
    hint = f"did you mean recipes/{near[0]}.yaml? " if near else ""
    raise InputError(f"no recipe {name}: {hint}`keyin recipes list` shows them all")


def load(name: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read, override and check a recipe.

    Args:
        name: a path or the name of a shipped recipe.
        overrides: `a.b=c` assignments, the value in YAML.

    Raises:
        InputError: with one line per problem.
    """
    path = find(name)
    try:
        tree = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(tree, dict):
        raise InputError(f"{path} is not a recipe: expected a mapping with keys like name, data, model")
    return check(tree, overrides, str(path))


def check(tree: dict[str, Any], overrides: Sequence[str] = (), source: str = "recipe") -> Recipe:
    """Validate a recipe given as a tree of plain values; see `load`."""
    return parse(Recipe, tree, overrides, source)


def parse(part: type[Part], tree: dict[str, Any], overrides: Sequence[str], source: str) -> Part:
    """Validate `tree` with `overrides` as a recipe or one section of it; see `load`."""
    tree = copy.deepcopy(tree)
    for override in overrides:
        _assign(tree, override)
    try:
        return part.model_validate(tree)
    except ValidationError as error:
        lines = sorted({line for problem in error.errors() for line in _explain(part, problem)})
        raise InputError("\n".join(f"{source}: {line}" for line in lines)) from None


def data_section(name: str, overrides: Sequence[str], chosen: dict[str, Any]) -> BrownianData:
    """The data section that `gen-data` means: the defaults of a kind, or a recipe's, then `--set` and the options `chosen`.

    Raises:
        InputError: the name is no kind and no recipe, the recipe's data cannot be generated, or a key is wrong.
    """
    if name == "brownian":
        return parse(BrownianData, chosen, overrides, "brownian")
    data = load(name).data
    if not isinstance(data, BrownianData):
        raise InputError(f"{name}: data of kind {data.kind} are your own, there is nothing to generate")
    return parse(BrownianData, {**data.model_dump(mode="json"), **chosen}, overrides, name)


def _assign(tree: dict[str, Any], override: str) -> None:
    path, equals, value = override.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise InputError(f"--set {override}: expected KEY=VALUE, for example --set train.lr=1e-3")
    for key in keys[:-1]:
        tree = tree.setdefault(key, {})
        if not isinstance(tree, dict):
            raise InputError(f"--set {override}: {key} has no keys below it")
    try:
        tree[keys[-1]] = yaml.safe_load(value)
    except yaml.YAMLError:
        raise InputError(f"--set {override}: {value!r} is not a YAML value") from None


def _explain(part: type[BaseModel], problem: Any) -> list[str]:
    """Lines `dotted.path: what is wrong` for one pydantic error."""
    kinds = {"brownian", "zarr", "mlp", "conv", "deterministic", "stochastic", "temporal", "bare"}
    tags = kinds | {"constrained-float", "literal['auto']"}
    location = [str(piece) for piece in problem["loc"]]
    dotted = ".".join(piece for i, piece in enumerate(location) if not (i and piece in tags))
    if problem["type"] == "extra_forbidden":
        known, key = list(_keys(part)), _deepest(dotted, problem["input"])
        if key in known:
            return [f"{key}: only another kind has this key"]
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
        return [f"{key}: unknown key; did you mean {near[0]}?"]
    if problem["type"] == "union_tag_not_found":
        return [f"{dotted}.kind: Field required"]
    message = problem["msg"].removeprefix("Value error, ")
    return [
        f"{dotted}: {line}" if dotted and problem["type"] != "value_error" else f"{_prefix(dotted)}{line}"
        for line in message.split("\n")
    ]


def _prefix(dotted: str) -> str:
    return f"{dotted}." if dotted else ""


def _deepest(dotted: str, value: Any) -> str:
    """An unknown section with one key is shown with that key: `trian.lr` rather than `trian`."""
    while isinstance(value, dict) and len(value) == 1:
        key, value = next(iter(value.items()))
        dotted = f"{dotted}.{key}"
    return dotted


def _keys(part: Any, prefix: str = "") -> Iterator[str]:
    """Every dotted key of a section, through all the kinds that a section may have."""
    for name, field in part.model_fields.items():
        yield prefix + name
        for inner in _sections(field.annotation):
            yield from _keys(inner, f"{prefix}{name}.")


def _sections(annotation: Any) -> list[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [section for inner in getattr(annotation, "__args__", ()) for section in _sections(inner)]


# ---------------------------------------------------------------- comparing and writing


def digest(tree: Any) -> str:
    """SHA-256 of a tree of plain values, independent of key order."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def to_yaml(recipe: Section) -> str:
    """A resolved recipe, or a section of one, as YAML."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False)


def differences(old: Any, new: Any, path: str = "") -> list[str]:
    """`key: old -> new` for every leaf in which two trees of plain values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = list(dict.fromkeys([*old, *new]))
        return [line for key in keys for line in differences(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))]
    same = old == new or (isinstance(old, float) and isinstance(new, float) and math.isclose(old, new, rel_tol=1e-12))
    return [] if same else [f"{path}: {old} -> {new}"]
