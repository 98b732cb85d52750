"""Sections that say what the networks are. Letters in comments are the paper's."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from keyin_cli.recipe.section import Positive, Section, Sized


class CodecSection(Section):
    """Encoder and decoder: its kind and the size E of an embedding."""

    kind: str
    embedding: Positive = 64  # E

    def problems(self, image: tuple[int, int, int]) -> list[str]:
        """What is wrong with it for images (H, W, C), each as `key: what`; nothing by default."""
        return []


class MlpCodec(CodecSection):
    """Encoder and decoder of fully connected layers: on small images several times faster on a CPU than convolutions."""

    kind: Literal["mlp"] = "mlp"
    embedding: Positive = 64  # E
    hidden: Sized = Field([256])


class ConvCodec(CodecSection):
    """The paper's encoder and decoder: one stride-2 convolution per entry of `channels`, mirrored in the decoder."""

    kind: Literal["conv"]
    embedding: Positive = 64  # E
    channels: Sized = Field([16, 32, 64])

    def problems(self, image: tuple[int, int, int]) -> list[str]:
        factor = 2 ** len(self.channels)
        divisible = not any(side % factor for side in image[:2])
        return [] if divisible else [f"channels: {len(self.channels)} halvings need image sides divisible by {factor}"]


class LayersCodec(CodecSection):
    """For small things that move before a still background, the last conditioning frame; mostly matrix products.

    Encoder: square patches through one layer, then fully connected ones. Decoder: layers of one colour on the background.
    """

    kind: Literal["layers"]
    embedding: Positive = 64  # E
    patch: Positive = 8  # side of a patch in px
    channels: Positive = 32  # of the layer that patches share
    hidden: Sized = Field([256])
    layers: Positive = 4

    def problems(self, image: tuple[int, int, int]) -> list[str]:
        return [f"patch: image sides are not multiples of {self.patch} px"] if any(s % self.patch for s in image[:2]) else []


Codec = MlpCodec | ConvCodec | LayersCodec


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


class Model(Section):
    codec: Annotated[Codec, Field(discriminator="kind")] = MlpCodec()
    lstm: Lstm = Lstm()
    interpolator: Annotated[DeterministicInterpolator | StochasticInterpolator, Field(discriminator="kind")] = (
        DeterministicInterpolator()
    )
    inference: Annotated[TemporalInference | BareInference, Field(discriminator="kind")] = TemporalInference()
    offsets: Annotated[Offsets, Field(discriminator="kind")] = FreeOffsets()
    latent: Positive = 16  # size of z_t
    reduction: Literal["sum", "mean"] = "sum"  # of pixel and embedding errors over a frame


def model_section() -> type[Model]:
    return Model
