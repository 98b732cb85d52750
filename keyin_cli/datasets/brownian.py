"""Structured Brownian motion (docs/spec.md, section 4): a ball flies straight, turns, flies straight, and never leaves the frame.

Shapes: n sequences of T frames, G candidate headings, L legs (a leg is the flight between two turns).
Sequence i is a function of (seed, i) alone.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from keyin_cli.datasets.kind import DatasetKind
from keyin_cli.datasets.rng import splits, uniform
from keyin_cli.recipe.data import GeneratedData
from keyin_cli.recipe.section import Range

HEADINGS = 720  # candidates per turn, half a degree apart, the grid turned at random
DRAWN = 4_000_000  # pixels drawn at once: keeps the temporary array below 20 MB


class BrownianData(GeneratedData):
    """Structured Brownian motion: a ball that flies straight and turns now and then. Lengths in px, speed in px per frame."""

    kind: Literal["brownian"] = "brownian"
    path: str = "artifacts/data/brownian.zarr"
    frames: int = Field(35, ge=2, le=10_000)
    size: int = Field(32, ge=8, le=4096)
    radius: float = Field(1.6, gt=0)
    speed: float = Field(1.6, gt=0)
    margin: float = Field(2.6, ge=0)
    first_change: Range = (1, 8)
    segment: Range = (6, 8)
    min_turn: float = Field(30.0, ge=0, le=44)  # degrees; more could leave a ball in a corner without a heading

    @property
    def image(self) -> tuple[int, int, int]:
        return self.size, self.size, 1

    @model_validator(mode="after")
    def _consistent(self) -> BrownianData:
        problems = []
        for name in ("first_change", "segment"):
            low, high = getattr(self, name)
            if low > high:
                problems.append(f"{name}: {low} to {high} is empty")
        longest = max(self.first_change[1], self.segment[1])
        room = (self.size - 2 * self.margin) / 2
        if longest * self.speed > room:
            problems.append(
                f"speed: {longest} frames at {self.speed:g} px can leave the frame; at most {room / longest:.2f} fits"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self


class Flights(NamedTuple):
    """`states` (n,T,2) float32, the ball's centre as (x, y) in px; `keyframes` (n,T) bool; `split` (n,) uint8."""

    states: NDArray[np.float32]
    keyframes: NDArray[np.bool_]
    split: NDArray[np.uint8]


def simulate(data: BrownianData, indices: NDArray[np.integer]) -> Flights:
    """Simulate the sequences `indices`, all at once.

    A leg's heading is uniform over the headings that turn by at least `min_turn` and keep the leg's end inside the margin;
    the frame is convex, so the whole leg is inside. A turn on the last frame cannot be seen and is not labelled.
    """
    legs = 1 + -(-(data.frames - 1) // data.segment[0])
    numbers = uniform(data.seed, indices, count=3 + 3 * legs)
    split, position, numbers = numbers[:, 0], numbers[:, 1:3], numbers[:, 3:].reshape(-1, legs, 3)
    low, high = data.margin, data.size - data.margin
    position = low + (high - low) * position
    heading = np.full(len(position), np.nan)
    lengths = np.empty((len(position), legs), dtype=np.int64)
    corners = [position]
    for leg in range(legs):
        first, last = data.first_change if leg == 0 else data.segment
        lengths[:, leg] = first + np.floor(numbers[:, leg, 0] * (last - first + 1)).astype(np.int64)
        heading = _turn(data, position, heading, lengths[:, leg], numbers[:, leg, 1:])
        direction = np.stack([np.cos(heading), np.sin(heading)], axis=-1)
        position = position + data.speed * lengths[:, leg, None] * direction
        corners.append(position)
    turns = np.concatenate([np.zeros((len(position), 1), np.int64), lengths.cumsum(axis=1)], axis=1)
    states = _positions(np.stack(corners, axis=1), turns, data.frames)
    keyframes = np.zeros((len(position), data.frames), dtype=np.bool_)
    row, leg_after = np.nonzero(turns < data.frames - 1)
    keyframes[row, turns[row, leg_after]] = True
    keyframes[:, 0] = False  # where every sequence begins
    return Flights(states.astype(np.float32), keyframes, splits(data.split, split))


def arrays(data: BrownianData, indices: NDArray[np.integer]) -> dict[str, NDArray[Any]]:
    """Every array of the dataset for the sequences `indices`."""
    flights = simulate(data, indices)
    return {
        "frames": draw(data, flights.states),
        "keyframes": flights.keyframes,
        "split": flights.split,
        "states": flights.states,
    }


def draw(data: BrownianData, states: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Draw balls: a pixel is 255 when its centre is within the radius, else 0. (n,T,2) -> (n,T,size,size,1)."""
    frames = np.empty((*states.shape[:2], data.size, data.size, 1), dtype=np.uint8)
    centres = np.arange(data.size, dtype=np.float32) + 0.5
    batch = max(1, DRAWN // (data.frames * data.frame.pixels))
    for begin in range(0, len(states), batch):
        squared = (states[begin : begin + batch, :, :, None] - centres) ** 2
        distance = squared[:, :, 1, :, None] + squared[:, :, 0, None, :]
        frames[begin : begin + batch, ..., 0] = np.where(distance <= data.radius**2, np.uint8(255), np.uint8(0))
    return frames


def _turn(
    data: BrownianData,
    position: NDArray[np.float64],
    heading: NDArray[np.float64],
    length: NDArray[np.int64],
    uniform: NDArray[np.float64],
) -> NDArray[np.float64]:
    """New headings (n,) in radians, uniform over the allowed ones; a NaN heading (the start) allows any turn."""
    candidates = (np.arange(HEADINGS) + uniform[:, :1]) * (2 * np.pi / HEADINGS)  # (n,G)
    reach = data.speed * length[:, None]
    x, y = position[:, :1] + reach * np.cos(candidates), position[:, 1:] + reach * np.sin(candidates)
    low, high = data.margin, data.size - data.margin
    turn = np.abs((candidates - heading[:, None] + np.pi) % (2 * np.pi) - np.pi)
    allowed = (x >= low) & (x <= high) & (y >= low) & (y <= high) & ~(turn < np.deg2rad(data.min_turn))
    count = allowed.sum(axis=1)
    if not count.all():  # a valid recipe leaves a quarter of all headings inside and forbids less than a quarter
        raise ArithmeticError("no heading keeps the ball inside the frame")
    chosen = np.floor(uniform[:, 1] * count).astype(np.int64)
    pick = (allowed.cumsum(axis=1) > chosen[:, None]).argmax(axis=1)
    return np.take_along_axis(candidates, pick[:, None], axis=1)[:, 0]


def _positions(corners: NDArray[np.float64], turns: NDArray[np.int64], frames: int) -> NDArray[np.float64]:
    """Positions (n,frames,2) at constant speed along the polyline `corners` (n,L+1,2) that is turned at frames `turns`."""
    time = np.arange(frames)
    leg = (turns[:, 1:-1, None] <= time).sum(axis=1)  # (n,frames): the leg that each frame is on
    begin, end = np.take_along_axis(turns, leg, 1), np.take_along_axis(turns, leg + 1, 1)
    share = ((time - begin) / (end - begin))[..., None]
    start, stop = (np.take_along_axis(corners, (leg + shift)[..., None], 1) for shift in (0, 1))
    return start + share * (stop - start)


DATASET = DatasetKind(
    name="brownian",
    help="structured Brownian motion: a ball flies straight, turns now and then, and never leaves the frame",
    order=10,
    section=BrownianData,
    arrays=arrays,
)
