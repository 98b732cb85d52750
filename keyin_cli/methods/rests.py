"""The last frames of rests: what moves comes to a stop and moves on. A rule for demonstrations; nothing of it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery import rests
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
        self.signal_usual = rests.usual_changes(self._signals(sources.training())) if frame.signals else None

    def look(self, read: Read, count: int) -> Evidence:
        changes = rests.in_pieces(read, count, self._changes)
        scales = np.sqrt((changes**2).mean(0))
        seen = changes[:, scales > 0] / scales[scales > 0]  # images and signals count alike
        return rests.rests(np.sqrt((seen**2).sum(1)))

    def setting(self, evidence: Sequence[Evidence], wanted: float) -> float:
        ranked = np.sort(np.concatenate(evidence))[::-1]
        ranked = ranked[ranked > 0]
        most = int(wanted * len(evidence) + 1e-9)
        return float(np.nextafter(ranked[most], np.inf)) if most < len(ranked) else 0.0

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


METHOD = Method(
    name="rests",
    help="the last frames of rests, in demonstrations of what comes to a stop and moves on",
    order=25,
    finder=RestFinder,
)
