"""Recipes: what a run is, in YAML. Sections in `data`, `model`, `training`, `recipe`; reading in `reading`."""

from keyin_cli.recipe.comparing import differences, digest, listed
from keyin_cli.recipe.data import DataSection, GeneratedData, GeneratedEpisodes, Split
from keyin_cli.recipe.model import (
    BareInference,
    CodecSection,
    ConstantOffsets,
    Model,
    Offsets,
    StochasticInterpolator,
    StraightInterpolator,
    model_section,
)
from keyin_cli.recipe.reading import about, check, data_section, find, folder, load, shipped, to_yaml
from keyin_cli.recipe.recipe import Recipe, Window
from keyin_cli.recipe.section import MethodSection, Positive, Section, Weight
from keyin_cli.recipe.training import Optimisation, Records, Schedule, Train, TrainPhase

__all__ = [
    "BareInference",
    "CodecSection",
    "ConstantOffsets",
    "DataSection",
    "GeneratedData",
    "GeneratedEpisodes",
    "MethodSection",
    "Model",
    "Offsets",
    "Optimisation",
    "Positive",
    "Recipe",
    "Records",
    "Schedule",
    "Section",
    "Split",
    "StochasticInterpolator",
    "StraightInterpolator",
    "Train",
    "TrainPhase",
    "Weight",
    "Window",
    "about",
    "check",
    "data_section",
    "differences",
    "digest",
    "find",
    "folder",
    "listed",
    "load",
    "model_section",
    "shipped",
    "to_yaml",
]
