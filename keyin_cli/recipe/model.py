"""Sections that say what the networks are. Letters in comments are the paper's."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import Field, create_model, model_validator

from keyin_cli.recipe.data import Frame
from keyin_cli.recipe.section import Positive, Section, Sized, one_of
from keyin_cli.registry import CODECS


class CodecSection(Section):
    """Base of the codecs' sections, each of which stands beside its networks in `keyin_cli/model/codecs/`."""

    kind: str
    embedding: Positive = 64  # E

    def problems(self, frame: Frame) -> list[str]:
        """What keeps this codec from frames of a shape: lines `key: what is wrong`, the key counted from this section."""
        return []


class Lstm(Section):
    """Every recurrent module: layers and units (the paper: 2 of 256)."""

    layers: int = Field(2, ge=1, le=64)
    units: Positive = 128


class DeterministicInterpolator(Section):
    """Without a latent, as in the 2020 version of the paper."""

    kind: Literal["deterministic"] = "deterministic"


class StraightInterpolator(Section):
    """Deterministic; it corrects the straight line between both embeddings, which little data need not teach it."""

    kind: Literal["straight"]


class StochasticInterpolator(Section):
    """A seq2seq VAE, as in the 2019 paper."""

    kind: Literal["stochastic"]
    latent: Positive = 16


InterpolatorSection = DeterministicInterpolator | StraightInterpolator | StochasticInterpolator


class TemporalInference(Section):
    """Convolutions over time before LSTM_inf, sine codes of time in keys, values and queries (see RESULTS.md)."""

    kind: Literal["temporal"] = "temporal"
    kernels: Sized = Field([5, 3])
    lstm: Lstm | None = None  # LSTM_inf; like the other recurrent modules when not given

    @model_validator(mode="after")
    def _odd(self) -> TemporalInference:
        if any(kernel % 2 == 0 for kernel in self.kernels):
            raise ValueError("kernels: only odd sizes keep a frame in its place")
        return self


class BareInference(Section):
    """The paper's words taken bare: LSTM_inf over embeddings, attention queried by the last keyframe alone."""

    kind: Literal["bare"]


class FreeOffsets(Section):
    """LSTM_key says the offset of every keyframe."""

    kind: Literal["free"] = "free"


class StaticOffsets(Section):
    """One learned offset pattern for all sequences: the paper's baseline Static."""

    kind: Literal["static"]


class ConstantOffsets(Section):
    """The same offset for every keyframe, given: the paper's baseline Jumpy."""

    kind: Literal["constant"]
    offset: Positive


Offsets = FreeOffsets | StaticOffsets | ConstantOffsets


def default_codec() -> CodecSection:
    """The first codec, with its defaults."""
    section: CodecSection = CODECS.get(next(iter(CODECS.cards))).section()
    return section


class Model(Section):
    """The networks. A recipe's is read by `model_section()`, which knows the keys of every codec."""

    codec: CodecSection = Field(default_factory=default_codec)
    lstm: Lstm = Lstm()
    interpolator: Annotated[InterpolatorSection, Field(discriminator="kind")] = DeterministicInterpolator()
    inference: Annotated[TemporalInference | BareInference, Field(discriminator="kind")] = TemporalInference()
    offsets: Annotated[Offsets, Field(discriminator="kind")] = FreeOffsets()
    latent: Positive = 16  # size of z_t
    prior: Literal["fixed", "learned"] = "fixed"  # of z_t: N(0, I), or a function of the keyframes before it
    reduction: Literal["sum", "mean"] = "sum"  # of pixel and embedding errors over a frame

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles hold the values: the class of a recipe's section is made anew in every process."""
        return _from_values, (dict(self),)


@lru_cache
def model_section() -> type[Model]:
    """`Model` that reads the section of any codec that can be used. A function, because codecs import this file."""
    codec = (one_of([codec.section for codec in CODECS.usable().values()]), Field(default_factory=default_codec))
    return create_model("Model", __base__=Model, __module__=__name__, __doc__=Model.__doc__, codec=codec)


def _from_values(values: dict[str, Any]) -> Model:
    return model_section().model_validate(values)
