"""Recipes: what a run is, in YAML. Sections in `data`, `model`, `training`, `whole`; reading in `reading`."""

from keyin_cli.recipe.comparing import differences, digest
from keyin_cli.recipe.data import BrownianData, Data, Generated, PushingData, Split, ZarrData
from keyin_cli.recipe.model import (
    BareInference,
    ConstantOffsets,
    ConvCodec,
    DeterministicInterpolator,
    FreeOffsets,
    Lstm,
    MlpCodec,
    Model,
    Offsets,
    StaticOffsets,
    StochasticInterpolator,
    TemporalInference,
)
from keyin_cli.recipe.reading import about, check, data_section, find, folder, load, parse, shipped, to_yaml
from keyin_cli.recipe.section import Section
from keyin_cli.recipe.training import (
    Discovery,
    Jumpy,
    Pretrain,
    PretrainWeights,
    Schedule,
    Surprise,
    SurpriseWeights,
    Train,
    TrainWeights,
)
from keyin_cli.recipe.variants import variant
from keyin_cli.recipe.whole import Recipe, Window

__all__ = [
    "BareInference",
    "BrownianData",
    "ConstantOffsets",
    "ConvCodec",
    "Data",
    "DeterministicInterpolator",
    "Discovery",
    "FreeOffsets",
    "Generated",
    "Jumpy",
    "Lstm",
    "MlpCodec",
    "Model",
    "Offsets",
    "Pretrain",
    "PretrainWeights",
    "PushingData",
    "Recipe",
    "Schedule",
    "Section",
    "Split",
    "StaticOffsets",
    "StochasticInterpolator",
    "Surprise",
    "SurpriseWeights",
    "TemporalInference",
    "Train",
    "TrainWeights",
    "Window",
    "ZarrData",
    "about",
    "check",
    "data_section",
    "differences",
    "digest",
    "find",
    "folder",
    "load",
    "parse",
    "shipped",
    "to_yaml",
    "variant",
]
