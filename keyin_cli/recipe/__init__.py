"""Recipes: what a run is, in YAML. Sections in `data`, `model`, `training`, `whole`; reading in `reading`."""

from keyin_cli.recipe.comparing import differences, digest
from keyin_cli.recipe.data import BrownianData, Data, Generated, PushingData, Split, ZarrData
from keyin_cli.recipe.model import (
    BareInference,
    ConvCodec,
    DeterministicInterpolator,
    Lstm,
    MlpCodec,
    Model,
    StochasticInterpolator,
    TemporalInference,
)
from keyin_cli.recipe.reading import about, check, data_section, find, folder, load, parse, shipped, to_yaml
from keyin_cli.recipe.section import Section
from keyin_cli.recipe.training import Discovery, Pretrain, PretrainWeights, Schedule, Train, TrainWeights
from keyin_cli.recipe.whole import Recipe, Window

__all__ = [
    "BareInference",
    "BrownianData",
    "ConvCodec",
    "Data",
    "DeterministicInterpolator",
    "Discovery",
    "Generated",
    "Lstm",
    "MlpCodec",
    "Model",
    "Pretrain",
    "PretrainWeights",
    "PushingData",
    "Recipe",
    "Schedule",
    "Section",
    "Split",
    "StochasticInterpolator",
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
]
