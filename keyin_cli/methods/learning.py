"""From episodes to trained weights within some minutes: what `keyin find` does where none are given."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keyin_cli import storage
from keyin_cli.datasets.episodes import EpisodesData, sizing
from keyin_cli.datasets.episodes.layout import Episodes
from keyin_cli.errors import InputError, shown
from keyin_cli.methods.finders import view_of
from keyin_cli.methods.registry import method, stage
from keyin_cli.progress import say
from keyin_cli.recipe import Recipe, check, load, plain
from keyin_cli.training.spec import StageSpec

RECIPE, RUN = "recipe.yaml", "run"
LEAST = 100  # steps of a stage
ROOM = 0.7  # of the minutes is planned for: steps get slower when others use the machine, and validation takes its part


def train(
    folder: Path, episodes: Episodes, finder: str, signals: Sequence[str], images: bool, minutes: float, seed: int = 0
) -> Path:
    """Train what a method needs to find keyframes, or go on with it, by the recipe in `folder`.

    Args:
        signals: names of those that are seen; `images`: whether the images are, too.
        minutes: that the training is planned for.
        seed: of the recipe that is made where there is none.

    Returns:
        The run directory.

    Raises:
        InputError: the recipe in `folder` is none, or sees what the episodes have not or nobody asked for; the episodes fit no
            recipe; see `pipeline.train`.
    """
    spec = stage_of(finder)
    with storage.locked(folder / RECIPE):  # two commands that measure at once would find two speeds
        chosen = _recipe(folder / RECIPE, episodes, spec, signals, images, minutes, seed)
    from keyin_cli.training import pipeline

    pipeline.train(spec, chosen, folder / RUN)
    return folder / RUN


def stage_of(finder: str) -> StageSpec:
    """The stage that has to be trained for a method that finds keyframes; stage 1 for one without a stage."""
    own = method(finder).stage
    return stage("interpolator") if own is None else own


def _recipe(
    path: Path, episodes: Episodes, spec: StageSpec, signals: Sequence[str], images: bool, minutes: float, seed: int
) -> Recipe:
    """The recipe at `path`, which people may have edited; or one that is sized to the episodes and the minutes, and written."""
    if os.path.lexists(path):
        say(f"{path} is used as it is: delete it to have one made anew")
        given = load(path)
        view_of(given, episodes)  # before it is trained
        _check_sees(path, given, signals, images)
        return given
    tree = sizing.tree(episodes, path.parent.absolute().name, signals, images) | ({"seed": seed} if seed else {})
    parts = [spec] if spec.foundation is None else [spec.foundation, spec]
    for each in parts:
        _shorten(tree, each, 60 * ROOM * minutes / len(parts))
    made = check(tree, source=str(path))
    text = plain.write(tree, flow=None)
    say(f"{path}:\n{text}")
    head = f"# Made by keyin find for {episodes.path.name}. To change it, edit it and delete the folder {RUN} beside it.\n"
    storage.write(path, head + text)
    return made


def _check_sees(path: Path, recipe: Recipe, signals: Sequence[str], images: bool) -> None:
    """Raises:
    InputError: what people ask to be seen is not what the recipe at a path sees.
    """
    seen = tuple(recipe.data.signals) if isinstance(recipe.data, EpisodesData) else ()
    if (signals and tuple(signals) != seen) or (not images and recipe.data.frame.pixels):
        sees = [*(["images"] if recipe.data.frame.pixels else []), *map(shown, seen)]
        what = f"{path} sees {' and '.join(sees)}, other than --signals and --no-images say"
        raise InputError(f"{what}: give another --out, or leave them out")


def _shorten(tree: dict[str, Any], spec: StageSpec, seconds: float) -> None:
    """Give a stage as many steps in a recipe's tree as take the seconds here, and not more than it has."""
    from keyin_cli.training.estimate import estimate

    cost = estimate(check(tree), spec)
    schedule: Any = tree
    for key in spec.schedule:
        schedule = schedule.setdefault(key, {}) if isinstance(key, str) else schedule[key]
    schedule["steps"] = int(min(cost["steps"], max(LEAST, round(seconds * cost["steps_per_second"], -2))))
