"""Your own sequences, in a Zarr group of the documented layout (see `store`). Nothing is generated."""

from __future__ import annotations

from typing import Literal

from keyin_cli.datasets.kind import DatasetKind
from keyin_cli.recipe.data import DataSection
from keyin_cli.recipe.section import Positive


class ZarrData(DataSection):
    """Your own sequences: a Zarr dataset of the documented layout (docs/own-data.md)."""

    kind: Literal["zarr"]
    height: Positive
    width: Positive
    channels: Positive

    @property
    def image(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels


DATASET = DatasetKind(
    name="zarr", help="your own sequences in a Zarr group with an array frames", order=30, section=ZarrData, pucks=True
)
