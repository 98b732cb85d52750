"""What there is to know of a kind of dataset. A new kind is one file in this folder that assigns `DATASET`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keyin_cli.recipe.data import DataSection
from keyin_cli.registry import DATASETS, LAST

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keyin_cli.datasets.episodes.rows import EpisodeRows
    from keyin_cli.datasets.sequences import Sequences
    from keyin_cli.datasets.store import Dataset


@dataclass(frozen=True)
class Demonstrator:
    """How episodes of any length are made.

    Attributes:
        episode: makes the episode `index`, which depends on (seed, index) alone.
        fps: frames a second.
        ready: raises InputError where no episode can be made here, because a package or OpenGL is missing. Called first.
        roles: what parts signals have for methods of the benchmark, `{"gripper": "observation.state:17:18", …}`, see
            `discovery.peer.ROLES`; the signal as `episodes.seen.chosen` reads it.
    """

    episode: Callable[[Any, int], EpisodeRows]
    fps: float
    ready: Callable[[], None]
    roles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DatasetKind:
    """A kind of dataset.

    Attributes:
        name: as `data.kind` of a recipe and `keyin gen-data` have it.
        help: one line for a list.
        section: the recipe's data section.
        order: its place in lists.
        arrays: makes the sequences `indices` (n,): every array of the dataset with n rows, at least `frames` (n,T,H,W,C) uint8.
            Each sequence depends on (seed, index) alone. None when there is nothing to generate, or episodes are.
        demonstrator: makes episodes of any length instead; `section` is a `GeneratedEpisodes`.
        statistics: what can be counted beyond labels and splits, keys that are added to `keyin info --figures`.
        pictures: `module:function` of further pictures, see `figures.overview`.
        continuations: `module:function` that judges where sampled futures lead, for `keyin table`, see `discovery.paths`.
        pucks: whether its frames may show the pushing world, in which models of it can plan.
    """

    name: str
    help: str
    section: type[DataSection]
    order: int = LAST
    arrays: Callable[[Any, NDArray[np.integer[Any]]], Mapping[str, NDArray[Any]]] | None = None
    demonstrator: Demonstrator | None = None
    statistics: Callable[[Dataset], dict[str, Any]] | None = None
    pictures: str | None = None
    continuations: str | None = None
    pucks: bool = False


def kind_of(data: DataSection) -> DatasetKind:
    """The kind of a recipe's data section."""
    kind: DatasetKind = DATASETS.get(data.kind)
    return kind


def kind_of_dataset(dataset: Sequences) -> DatasetKind | None:
    """The kind that a dataset was generated as; None when it was not made here."""
    recipe = dataset.attributes.get("recipe")
    name = recipe.get("kind") if isinstance(recipe, dict) else None
    kind: DatasetKind | None = DATASETS.get(name) if isinstance(name, str) and name in DATASETS.cards else None
    return kind
