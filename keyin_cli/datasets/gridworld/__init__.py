"""Levels of MiniGrid that the BabyAI bot plays (Chevalier-Boisvert et al., 2019, 2023): keys, doors and boxes.

See `play` for what happens; docs/events.md has what is an event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from keyin_cli.datasets import extras
from keyin_cli.datasets.kind import DatasetKind, Demonstrator
from keyin_cli.recipe.data import GeneratedEpisodes
from keyin_cli.registry import resolve

if TYPE_CHECKING:
    from keyin_cli.datasets.episodes.rows import EpisodeRows

FPS = 10  # by convention: a grid has no time
CELL = 3  # px at least
WIDTHS = {"KeyCorridorS3R2": 7, "UnlockPickup": 11, "Unpack": 8}  # of the levels, in cells
Level = Literal["KeyCorridorS3R2", "UnlockPickup", "Unpack"]


class GridworldData(GeneratedEpisodes):
    """Levels of MiniGrid in turn, in frames of `size` x `size` RGB pixels."""

    kind: Literal["gridworld"] = "gridworld"
    path: str = "artifacts/data/gridworld.zarr"
    size: int = Field(64, ge=16, le=1024)
    levels: list[Level] = Field(["KeyCorridorS3R2", "UnlockPickup"], min_length=1, max_length=64)
    walker: Literal["disc"] | None = None  # disc: does not say where the bot looks, and there is no frame where it only turns

    @model_validator(mode="after")
    def _drawn(self) -> GridworldData:
        widest = max(self.levels, key=WIDTHS.__getitem__)
        if self.size < CELL * WIDTHS[widest]:
            raise ValueError(f"size: {widest} has {WIDTHS[widest]} cells of {CELL} px at least, {CELL * WIDTHS[widest]} px")
        if "Unpack" in self.levels and self.walker is None:
            raise ValueError("walker: the level Unpack needs disc, for the bot is turned between two frames")
        return self

    @property
    def image(self) -> tuple[int, int, int]:
        return self.size, self.size, 3


def episode(data: GridworldData, index: int) -> EpisodeRows:
    """The episode of (seed, index); see `play.episode`."""
    rows: EpisodeRows = resolve("keyin_cli.datasets.gridworld.play:episode")(
        data.seed, index, data.size, data.levels, turns=data.walker is None
    )
    return rows


def ready() -> None:
    """Raises:
    InputError: MiniGrid is not installed.
    """
    extras.check("gridworld", "minigrid")


DATASET = DatasetKind(
    name="gridworld",
    help="keys and doors in a grid: MiniGrid's KeyCorridorS3R2 and UnlockPickup, played by the BabyAI bot; or its boxes, Unpack",
    order=53,
    section=GridworldData,
    demonstrator=Demonstrator(episode=episode, fps=FPS, ready=ready, roles={"actions": "action"}),
)
