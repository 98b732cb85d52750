"""The last frames of rests: what moves comes to a stop and moves on. A rule for demonstrations; nothing of it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery import knobs, parts, rests
from keyin_cli.discovery.peer import EFFECTOR, PIXELS, SIGNALS, Demonstration
from keyin_cli.discovery.selector import Frames, Sources, Times
from keyin_cli.methods.method import Method

if TYPE_CHECKING:
    from keyin_cli.discovery.finding import Evidence, Read


class RestFinder:
    """Evidence: how deep the rest is that ends with each frame (n,)."""

    knob, usual = "depth", rests.DEPTH

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        frame = sources.recipe.data.frame
        self.pixels, self.image = frame.pixels, frame.image
        self.signal_usual = None
        if frame.signals:
            changes = np.diff(self._signals(sources.training()), axis=1)
            self.signal_usual = rests.usual_changes(changes.reshape(-1, frame.signals))

    def look(self, read: Read, count: int) -> Evidence:
        changes = rests.in_pieces(read, count, self._changes)
        if not len(changes):
            return np.zeros(count)
        scales = np.sqrt((changes**2).mean(0))
        seen = changes[:, scales > 0] / scales[scales > 0]  # images and signals count alike
        return rests.rests(np.sqrt((seen**2).sum(1)))

    def setting(self, evidence: Sequence[Evidence], wanted: float) -> float:
        return knobs.threshold_for(evidence, wanted)

    def select(self, evidence: Evidence, setting: float) -> tuple[Times, NDArray[np.float64] | None]:
        return (evidence >= setting) & (evidence > 0), None

    def _changes(self, frames: Frames) -> NDArray[np.float64]:
        """From each frame to the next, of images and of signals where they are seen: (k-1,1 or 2)."""
        if self.signal_usual is None:
            return rests.image_changes(frames)[:, None]
        found = [rests.signal_changes(self._signals(frames), self.signal_usual)]
        if self.pixels:
            images = frames.reshape(len(frames), -1)[:, : self.pixels].reshape(-1, *self.image)
            found.append(rests.image_changes(images))
        return np.stack(found, axis=1)

    def _signals(self, frames: Frames) -> Frames:
        """(…,1,1,P+D) -> (…,D)."""
        signals: Frames = frames[..., 0, 0, self.pixels :]
        return signals


class RestPeer:
    """The same for `keyin benchmark`. Of signals it looks at the place of the hand where a dataset says which that is: velocities
    are large where it turns, and a gripper closes while the hand rests."""

    knob, usual, own = "depth", rests.DEPTH, True

    def __init__(self, episodes: Sequence[Demonstration], seed: int, view: str) -> None:
        self.view = view
        if view == SIGNALS:
            changes = np.concatenate([np.diff(self._place(episode), axis=0) for episode in episodes])
            self.signal_usual = rests.usual_changes(changes)

    def look(self, episode: Demonstration) -> Evidence:
        if self.view == PIXELS:
            return rests.rests(rests.image_changes(episode.frames))
        return rests.rests(rests.signal_changes(self._place(episode), self.signal_usual))

    def setting(self, evidence: Evidence, wanted: int) -> float:
        return knobs.threshold(evidence, wanted)

    def select(self, evidence: Evidence, setting: float) -> Times:
        return parts.inner((evidence >= setting) & (evidence > 0))

    def _place(self, episode: Demonstration) -> NDArray[np.float64]:
        seen = episode.roles[EFFECTOR] if EFFECTOR in episode.roles else parts.signals(episode, "rests")
        return seen.astype(np.float64)


METHOD = Method(
    name="rests",
    help="the last frames of rests, in demonstrations of what comes to a stop and moves on",
    order=25,
    finder=RestFinder,
    peers={"pixels": partial(RestPeer, view=PIXELS), "signals": partial(RestPeer, view=SIGNALS)},
)
