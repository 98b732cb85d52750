"""Score the keyframes of whole episodes that `keyin find` wrote, or a person edited, against the labels of their dataset.

    python studies/score_found.py artifacts/find/mine/keyframes.json --out scores.json
    python studies/score_found.py keyframes.json --gripper observation.state:17 --joints observation.state:6:12

F1 within 0, 1 and 2 frames, one label for one keyframe, with 95 % bootstrap intervals over episodes; an episode's last frame is
not scored. Beside them stand keyframes that know nothing but the true number: `uniform` ones, and the mean of 20 `random` sets.
Given where the dataset's signals have the gripper and the velocities of the joints, a row `peract` follows the rule of PerAct
(Shridhar et al., 2022): keyframes where the gripper opens or closes, or the arm stands still. The gripper is closed
in the upper half of the range that it has in the dataset.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli import storage
from keyin_cli.datasets.episodes.layout import Episodes, open_episodes
from keyin_cli.discovery import f1, found, scoring
from keyin_cli.errors import InputError, shown
from keyin_cli.methods.peract import peract
from keyin_cli.progress import say, speak

DRAWS = 20  # random sets


def study(file: Path, data: Path | None, seed: int, gripper: str | None = None, joints: str | None = None) -> dict[str, Any]:
    """The rows of a file of keyframes; its dataset is the one that it names when none is given.

    Raises:
        InputError: the file, the dataset or the columns are none, or do not fit each other.
    """
    keyframes = found.read(file)
    if data is None and not keyframes.dataset:
        raise InputError(f"{shown(file)} does not say in which dataset the keyframes are: give it with --data")
    episodes = open_episodes(data or Path(keyframes.dataset))
    detected, true, lengths, indices = scoring.compared(episodes, keyframes)
    rows = [f1.table_row(keyframes.method or "found", detected, true)]
    if gripper is not None and joints is not None:
        rows.append(f1.table_row("peract", _peract_of(episodes, indices, lengths, gripper, joints), true))
    rows.append(f1.table_row("uniform", scoring.uniform(true, lengths), true))
    rows.append(_random_row(true, lengths, seed))
    labels = float(true.sum(1).mean())
    return {
        "dataset": str(episodes.path),
        "sha256": episodes.sha256,
        "episodes": len(true),
        "labels_per_episode": labels,
        "rows": rows,
    }


def _peract_of(
    episodes: Episodes, indices: list[int], lengths: NDArray[np.int64], gripper: str, joints: str
) -> NDArray[np.bool_]:
    (name, first, last), (of, begin, end) = _columns(gripper, episodes), _columns(joints, episodes)
    opening = [episodes.episode(index, f"data/{name}")[:, first:last].mean(1) for index in indices]
    least, most = min(each.min() for each in opening), max(each.max() for each in opening)
    made = np.zeros((len(indices), int(lengths.max())), np.bool_)
    for row, (index, each) in enumerate(zip(indices, opening, strict=True)):
        made[row, : len(each)] = peract(each > (least + most) / 2, episodes.episode(index, f"data/{of}")[:, begin:end])
    return scoring.scored(made, lengths)


def _columns(given: str, episodes: Episodes) -> tuple[str, int, int]:
    """`observation.state:6:12` -> the signal and its columns from 6 to 11; `observation.state:17` is column 17 alone.

    Raises:
        InputError: there are none such.
    """
    name, *numbers = given.split(":")
    if name in episodes.signals and len(numbers) in (1, 2) and all(number.isdecimal() for number in numbers):
        first = int(numbers[0])
        last = int(numbers[1]) if len(numbers) == 2 else first + 1
        if first < last <= episodes.signals[name]:
            return name, first, last
    there = ", ".join(f"{shown(signal)} ({size})" for signal, size in episodes.signals.items()) or "none"
    raise InputError(f"{shown(given)} names no columns of a signal, such as observation.state:6:12: there are {there}")


def _random_row(true: NDArray[np.bool_], lengths: NDArray[np.int64], seed: int) -> dict[str, Any]:
    """The mean over sets drawn; intervals over sets and episodes. Precision and recall are F1, as the numbers are equal."""
    rng = np.random.default_rng(seed)
    sets = [scoring.random(true, lengths, rng) for _ in range(DRAWS)]
    scores: dict[str, Any] = {"f1": {}, "ci95": {}}
    for tolerance in f1.TOLERANCES:
        each, interval = f1.mean_over_seeds(sets, true, tolerance)
        scores["f1"][str(tolerance)], scores["ci95"][str(tolerance)] = float(np.mean(each)), interval
    return {
        "method": "random",
        **scores,
        "precision": scores["f1"],
        "recall": scores["f1"],
        "keyframes_per_sequence": float(true.sum(1).mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("keyframes", type=Path, help="a keyframes.json")
    parser.add_argument("--data", type=Path, help="the dataset (default: the one that the file names)")
    parser.add_argument("--gripper", metavar="SIGNAL:COLUMN", help="how far the gripper is closed, for the row peract")
    parser.add_argument("--joints", metavar="SIGNAL:FROM:TO", help="velocities of the joints, for the row peract")
    parser.add_argument("--seed", type=int, default=0, help="of the random sets (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="a file for the result, JSON")
    given = parser.parse_args()
    if (given.gripper is None) != (given.joints is None):
        parser.error("--gripper and --joints go together")
    speak()
    try:
        result = study(given.keyframes, given.data, given.seed, given.gripper, given.joints)
    except InputError as error:
        say(f"score_found: {error}")
        raise SystemExit(2) from None
    print(f"{result['episodes']} episodes, {result['labels_per_episode']:.1f} labels each; F1 within 0, 1 and 2 frames")
    for row in result["rows"]:
        texts = [f"{row['f1'][key]:.3f} [{low:.3f}, {high:.3f}]" for key, (low, high) in row["ci95"].items()]
        print(f"{row['method']:10s} {'  '.join(texts)}  {row['keyframes_per_sequence']:.1f} keyframes")
    if given.out:
        command = " ".join(["python", "studies/score_found.py", *sys.argv[1:]])
        storage.write_json(given.out, result | {"seed": given.seed, **storage.provenance(), "command": command})


if __name__ == "__main__":
    main()
