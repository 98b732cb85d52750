"""Levels of MiniGrid that the BabyAI bot plays (Chevalier-Boisvert et al., 2019, 2023): keys, doors, and something behind them.

See `play` for what happens; docs/events.md has what is an event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from keyin_cli.datasets import extras
from keyin_cli.datasets.kind import DatasetKind, Demonstrator
from keyin_cli.recipe.data import GeneratedEpisodes
from keyin_cli.registry import resolve

if TYPE_CHECKING:
    from keyin_cli.datasets.episodes.rows import EpisodeRows

FPS = 10  # by convention: a grid has no time
Level = Literal["KeyCorridorS3R2", "UnlockPickup"]


class GridworldData(GeneratedEpisodes):
    """Levels of MiniGrid in turn, in frames of `size` x `size` RGB pixels."""

    kind: Literal["gridworld"] = "gridworld"
    path: str = "artifacts/data/gridworld.zarr"
    size: int = Field(64, ge=33, le=1024)  # the widest level has 11 cells, a cell has 3 px at least
    levels: tuple[Level, ...] = Field(("KeyCorridorS3R2", "UnlockPickup"), min_length=1, max_length=64)

    @property
    def image(self) -> tuple[int, int, int]:
        return self.size, self.size, 3


def episode(data: GridworldData, index: int) -> EpisodeRows:
    """The episode of (seed, index); see `play.episode`."""
    rows: EpisodeRows = resolve("keyin_cli.datasets.gridworld.play:episode")(data.seed, index, data.size, data.levels)
    return rows


def ready() -> None:
    """Raises:
    InputError: MiniGrid is not installed.
    """
    extras.check("gridworld", "minigrid")


DATASET = DatasetKind(
    name="gridworld",
    help="keys and doors in a grid: MiniGrid's KeyCorridorS3R2 and UnlockPickup, played by the BabyAI bot",
    order=53,
    section=GridworldData,
    demonstrator=Demonstrator(episode=episode, fps=FPS, ready=ready, roles={"actions": "action"}),
)
