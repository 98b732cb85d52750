"""Recipes: what a run is, in YAML. Sections in `data`, `model`, `training`, `recipe`; reading in `reading`."""

from keyin_cli.recipe.comparing import differences, digest
from keyin_cli.recipe.data import DataSection, GeneratedData, Split
from keyin_cli.recipe.model import (
    BareInference,
    CodecSection,
    ConstantOffsets,
    DeterministicInterpolator,
    FreeOffsets,
    Lstm,
    Model,
    Offsets,
    StaticOffsets,
    StochasticInterpolator,
    TemporalInference,
)
from keyin_cli.recipe.reading import about, check, data_section, find, folder, load, parse, shipped, to_yaml
from keyin_cli.recipe.recipe import Recipe, Window
from keyin_cli.recipe.section import MethodSection, Positive, Section, Weight
from keyin_cli.recipe.training import Discovery, Pretrain, PretrainWeights, Schedule, Soft, Train, TrainWeights

__all__ = [
    "BareInference",
    "CodecSection",
    "ConstantOffsets",
    "DataSection",
    "DeterministicInterpolator",
    "Discovery",
    "FreeOffsets",
    "GeneratedData",
    "Lstm",
    "MethodSection",
    "Model",
    "Offsets",
    "Positive",
    "Pretrain",
    "PretrainWeights",
    "Recipe",
    "Schedule",
    "Section",
    "Soft",
    "Split",
    "StaticOffsets",
    "StochasticInterpolator",
    "TemporalInference",
    "Train",
    "TrainWeights",
    "Weight",
    "Window",
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
