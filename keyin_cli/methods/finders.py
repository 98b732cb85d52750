"""The method that finds the keyframes of whole episodes, as a command means it."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from keyin_cli.discovery.selector import Frames, Sources
from keyin_cli.errors import InputError
from keyin_cli.methods.registry import method
from keyin_cli.names import finding
from keyin_cli.progress import say, track
from keyin_cli.registry import METHODS

if TYPE_CHECKING:
    from keyin_cli.datasets.episodes.layout import Episodes
    from keyin_cli.datasets.episodes.seen import Seen
    from keyin_cli.discovery.finding import Finder
    from keyin_cli.model.trained import Checkpoint
    from keyin_cli.recipe import Recipe


def view_of(recipe: Recipe, episodes: Episodes) -> Seen | None:
    """What a recipe sees of the frames of episodes; None of images alone.

    Raises:
        InputError: they have other images or signals.
    """
    from keyin_cli.datasets.episodes import EpisodesData
    from keyin_cli.datasets.episodes.seen import seen

    if isinstance(recipe.data, EpisodesData):
        return seen(recipe.data, episodes)
    if episodes.image != recipe.data.image:
        here, known = ("x".join(map(str, image)) for image in (episodes.image, recipe.data.image))
        raise InputError(f"{episodes.path} has frames of {here}, the recipe knows {known}: import it in that size")
    return None


RESTS, SEARCH = "rests", "search"
OFTEN = 2  # rests of an episode on average, from which on they are taken for the keyframes


def chosen(checkpoint: Checkpoint, episodes: Episodes) -> str:
    """What finds the keyframes when nobody named a method: a keyframe model where one was trained, else rests where motion rests,
    else search."""
    above = [name for name in finding() if (stage := method(name).stage) and stage.foundation and stage.name in checkpoint.models]
    return above[0] if above else _rests_or_search(checkpoint, episodes)


def _rests_or_search(checkpoint: Checkpoint, episodes: Episodes) -> str:
    """Rests, where an episode has some, else search. No label is looked at. What never stops, such as a ball that bounces, has no
    rests."""
    from keyin_cli.discovery.finding import frames_of

    finder, view = made(RESTS, checkpoint, episodes)
    count = 0
    with track("looking for rests", episodes.total) as advance:
        for begin, length in zip(episodes.begins.tolist(), episodes.lengths.tolist(), strict=True):
            count += int(finder.select(finder.look(partial(frames_of, episodes, view, begin), length), finder.usual)[0].sum())
            advance(length)
    rests = f"motion rests {count / episodes.n:.1f} times in an episode"
    if count >= OFTEN * episodes.n:
        say(f"{rests}: found by {RESTS}, --method {SEARCH} would look for what others are inpainted from")
        return RESTS
    say(f"{rests}: found by {SEARCH}")
    return SEARCH


def made(name: str, checkpoint: Checkpoint, episodes: Episodes) -> tuple[Finder, Seen | None]:
    """A method's finder, and what it sees of frames.

    Raises:
        InputError: there is no such method, it was not trained, or the episodes have frames of another shape than it knows.
    """
    from keyin_cli.datasets.episodes.windows import windows
    from keyin_cli.devices import pick_device

    recipe = checkpoint.recipe
    view = view_of(recipe, episodes)
    if name not in finding():
        raise METHODS.unknown(name, finding(), "method that finds keyframes of whole episodes")
    device = pick_device(recipe.device)

    @cache
    def calibration() -> Frames:
        some = windows(episodes, recipe.window.frames, recipe.window.frames, view)
        return some.read("frames", some.indices("train")[: recipe.discovery.calibration])

    finder = method(name).finder
    assert finder is not None  # it is among those that have one
    return finder(Sources(checkpoint.to(device).models, recipe, device, calibration)), view
