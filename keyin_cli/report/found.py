"""The page of keyframes that `keyin find` wrote, or a person edited, with the evidence beside them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from keyin_cli.datasets.episodes.layout import KEYFRAMES, Episodes, open_episodes
from keyin_cli.discovery import f1, found, scoring
from keyin_cli.discovery.found import EVIDENCE, Found, dataset_of, frame_times
from keyin_cli.errors import InputError, shown
from keyin_cli.report.dataset import Span, chosen, extent, left_out, rest, view
from keyin_cli.report.page import Editing, Interval, Page, Table

PARTS: Mapping[str, tuple[str, int]] = {"probability": ("F32", 1), "cost": ("F32", 1), "inpainted": ("U8", 4)}  # type, dimensions


def page(path: Path, span: Span | None = None, data: Path | None = None) -> Page:
    """The page of a file of keyframes, or of the folder that it is in.

    Args:
        data: the dataset that they were found in; None takes the one that the file names.

    Raises:
        InputError: the keyframes, the dataset or the evidence are damaged or do not fit together.
    """
    file = path / found.FILE if path.is_dir() else path
    return page_of(found.read(file), file, span, data)


def page_of(keyframes: Found, file: Path, span: Span | None = None, data: Path | None = None) -> Page:
    """The page of keyframes that `file` has, or will have.

    Raises:
        InputError: see `page`.
    """
    episodes = open_episodes(data or dataset_of(keyframes, file))
    by_number = {each.episode: each for each in keyframes.episodes}
    all_found = [by_number.get(episodes.source(index)) for index in range(episodes.n)]
    if unknown := by_number.keys() - {episodes.source(index) for index in range(episodes.n)}:
        raise InputError(
            f"{shown(episodes.path)} has no episode {min(unknown)} of its source: "
            "give the dataset that the keyframes were found in with --data"
        )
    indices = chosen(episodes.lengths, span, episodes.path)
    evidence = Evidence(file.with_name(EVIDENCE), episodes)
    at = [np.zeros(0, np.int64) if each is None else frame_times(episodes, index, each) for index, each in enumerate(all_found)]
    count = sum(len(each.keyframes) for each in keyframes.episodes)
    settings = ", ".join(f"{shown(key)} {shown(value)}" for key, value in keyframes.settings.items())
    return Page(
        kind="keyframes",
        title=shown(Path(keyframes.source).stem or episodes.path.absolute().stem),
        about=f"{count:,} keyframes in {len(keyframes.episodes):,} episodes, {count / max(1, len(by_number)):.1f} each.",
        facts={
            "found by": shown(keyframes.method or "nobody said") + (f" ({settings})" if settings else ""),
            "frames": extent(episodes),
            "frames a second": f"{episodes.fps:g}",
            "source": shown(keyframes.source or "unknown"),
        },
        episodes=[
            view(
                episodes,
                index,
                all_found[index],
                None if all_found[index] is None else at[index],
                labels=np.flatnonzero(episodes.episode(index, KEYFRAMES)) if episodes.labelled else None,
                probability=evidence.values("probability", index),
                cost=evidence.values("cost", index),
                inpainted=evidence.frames(index),
            )
            for index in indices
        ],
        fps=episodes.fps,
        left_out=left_out(len(indices), episodes.n),
        editing=Editing(keyframes.source, keyframes.dataset, keyframes.method, keyframes.settings, rest(all_found, indices)),
        tables=[_scores(keyframes, episodes)] if episodes.labelled and by_number else [],
        manifests={"keyframes": keyframes.model_dump(mode="json", exclude={"episodes"})},
    )


class Evidence:
    """Why keyframes are where they are, from the file that `keyin find` writes beside them; nothing where there is none.

    Raises:
        InputError: it is damaged, or of another dataset.
    """

    def __init__(self, path: Path, episodes: Episodes) -> None:
        self.path, self.there = path, dict[str, tuple[int, ...]]()
        if not os.path.lexists(path):
            return
        try:
            if not os.path.isfile(path):  # a named pipe would never end
                raise FileNotFoundError("no such file")
            with safe_open(path, "numpy") as file:
                for name in file.keys():  # noqa: SIM118 (it is no mapping)
                    part, _, index = name.partition("/")
                    tensor = file.get_slice(name)
                    self.there[name] = tuple(tensor.get_shape())
                    self._check(name, part, index, tensor.get_dtype(), episodes)
        except (OSError, SafetensorError) as error:
            raise InputError(f"{shown(path)} cannot be read ({shown(error)}): run keyin find again with --overwrite") from None

    def values(self, part: str, index: int) -> NDArray[np.float32] | None:
        """The probability or cost (n,) of an episode; None where there is none."""
        return self._tensor(f"{part}/{index}") if f"{part}/{index}" in self.there else None

    def frames(self, index: int) -> Any:
        """What reads the inpainted frames (n,H,W,C) of an episode; None where there are none."""
        name = f"inpainted/{index}"
        return partial(self._tensor, name) if name in self.there else None

    def _tensor(self, name: str) -> Any:
        with safe_open(self.path, "numpy") as file:
            return file.get_tensor(name)

    def _check(self, name: str, part: str, index: str, kind: str, episodes: Episodes) -> None:
        shape = self.there[name]
        expected, dimensions = PARTS.get(part, ("", 0))
        number = int(index) if index.isascii() and index.isdigit() and len(index) < 10 else -1
        fits = kind == expected and len(shape) == dimensions and 0 <= number < episodes.n
        if not fits or shape[0] != episodes.lengths[number] or (dimensions == 4 and shape[3] not in (1, 3)):
            what = f"{shown(name)} {shape} {kind} does not fit {shown(episodes.path)}"
            raise InputError(f"{shown(self.path)}: {what}: run keyin find again with --overwrite")


def _scores(keyframes: Found, episodes: Episodes) -> Table:
    """F1 of the keyframes against the labels, over the episodes in which keyframes were looked for."""
    detected, true, _, _ = scoring.compared(episodes, keyframes)
    scores = [f1.score(detected, true, tolerance) for tolerance in f1.TOLERANCES]
    cells = [Interval(each.f1, *each.ci95) for each in scores]
    return Table(
        title="Against the labels",
        columns=[
            "method",
            *("F1" if t == 0 else f"F1 ±{t}" for t in f1.TOLERANCES),
            "precision",
            "recall",
            "keyframes",
            "labels",
        ],
        rows=[
            [
                shown(keyframes.method or "keyframes"),
                *cells,
                f"{scores[0].precision:.3f}",
                f"{scores[0].recall:.3f}",
                f"{detected.sum() / len(true):.2f}",
                f"{true.sum() / len(true):.2f}",
            ]
        ],
        notes=[
            "F1 with its 95 % interval over episodes; ±1 and ±2 count keyframes that are so many frames off. "
            "Keyframes and labels are per episode."
        ],
    )
