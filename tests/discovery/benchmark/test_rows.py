"""Rows: scores with their intervals, chance in every table, differences to the best, and what stands in `table.json`."""

import json
from pathlib import Path
from typing import Any

import demonstration_pieces as pieces
import numpy as np
import pytest

from keyin_cli.datasets.episodes.layout import open_episodes
from keyin_cli.discovery.benchmark import kept, result, texts
from keyin_cli.discovery.benchmark.kept import Kept
from keyin_cli.discovery.benchmark.measures import MEASURES
from keyin_cli.discovery.benchmark.result import Dataset, Result
from keyin_cli.discovery.benchmark.rows import Truth, rows, truth
from keyin_cli.discovery.f1 import score
from keyin_cli.errors import InputError


@pytest.fixture(scope="module")
def true(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    return truth(open_episodes(pieces.turns(tmp_path_factory.mktemp("rows") / "t.zarr", n=14)))


def found(times: np.ndarray, own: np.ndarray | None = None, **more: Any) -> Kept:
    given, chosen = ([np.flatnonzero(row).tolist() for row in each] if each is not None else None for each in (times, own))
    about = {"key": "k", "knob": "x", "usual": 1.0, "actions": False, "preparation_seconds": 0.5}
    return Kept(given=given, own=chosen, **about | {"seconds_per_episode": 0.25, "peak_memory_bytes": 3_000_000} | more)


def late(true: Truth, by: int) -> np.ndarray:
    """All keyframes so many frames later but in every third episode."""
    moved = np.roll(true.times, by, axis=1)
    moved[::3] = true.times[::3]
    return moved


def test_scores_are_those_of_the_scored_episodes(true: Truth) -> None:
    detected = late(true, 2)
    made = {(row.method, row.number): row for row in rows("d", true, {("pixels", "late"): found(detected, true.times)}, 0)}
    judged = [index for index in range(14) if index % 6]
    expected = [score(detected[judged], true.times[judged], tolerance) for tolerance in (0, 1, 2)]
    scores = made["late", "given"].scores
    assert [scores[f"f1_{t}"].value for t in (0, 1, 2)] == pytest.approx([each.f1 for each in expected])
    assert scores["f1_1"].ci95 == pytest.approx(list(expected[1].ci95))
    assert list(scores) == list(MEASURES)
    assert made["late", "own"].scores["f1_0"].value == made["late", "own"].scores["edit"].value == 1
    assert made["late", "given"].keyframes_per_episode == 3


def test_every_table_has_chance_and_differences(true: Truth) -> None:
    both = {
        ("pixels", "late"): found(late(true, 2), late(true, 2)),
        ("pixels", "right"): found(true.times, actions=True),
        ("signals", "bad"): found(np.zeros_like(true.times), np.zeros_like(true.times)),
    }
    made = rows("d", true, both, 0)
    dataset = Dataset(name="d", path="p", sha256="s", episodes=14, scored=11, events_per_episode=3.0)
    tables = Result(seed=0, minutes=1.0, datasets=[dataset], rows=made).tables()
    assert {key[1:]: {row.method for row in each} for key, each in tables.items()} == {
        ("pixels", "given"): {"right", "late", "uniform", "random"},
        ("pixels", "own"): {"late", "uniform", "random"},
        ("signals", "given"): {"bad", "uniform", "random"},
        ("signals", "own"): {"bad", "uniform", "random"},
    }
    first, *others = tables["d", "pixels", "given"]
    assert (first.method, first.against_best, first.actions) == ("right", None, True)
    for row in others:
        assert row.against_best is not None
        assert row.against_best.to == "right"
        assert row.against_best.value == pytest.approx(row.scores["f1_1"].value - 1)
        assert row.against_best.ci95[0] <= row.against_best.value <= row.against_best.ci95[1]
    own = {row.method: row for row in tables["d", "signals", "own"]}
    assert own["bad"].against_best is None  # chance is told the number there, so it is not the best that others are compared with
    assert own["uniform"].told
    assert own["uniform"].against_best.value > 0
    assert not any(row.told for row in tables["d", "signals", "given"])
    assert [row.method for row in rows("d", true, both, 0)] == [row.method for row in made]
    assert rows("d", true, both, 0) == made  # chance is drawn from the seed


def test_a_method_that_can_do_only_one_is_in_one_table(true: Truth) -> None:
    free = found(true.times, true.times).model_copy(update={"given": None})
    assert {row.number for row in rows("d", true, {("pixels", "free"): free}, 0)} == {"own"}
    assert {row.number for row in rows("d", true, {("pixels", "bound"): found(true.times)}, 0)} == {"given"}


@pytest.mark.parametrize(
    ("n", "labelled", "part"), [(8, False, "has no labels to score against"), (1, True, "has 1 episode, at least 2 are needed")]
)
def test_what_cannot_be_scored(n: int, labelled: bool, part: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=part):
        truth(open_episodes(pieces.turns(tmp_path / "t.zarr", n=n, labelled=labelled)))


def test_what_was_kept_is_read_again_when_it_fits(true: Truth, tmp_path: Path) -> None:
    file, one = tmp_path / "detected.json", found(true.times, late(true, 1))
    assert kept.read(file, "k", true.lengths) is None
    kept.write(file, one)
    assert kept.read(file, "k", true.lengths) == kept.read(file, None, true.lengths) == one
    assert np.array_equal(kept.times(one.given, true.lengths), true.times)
    assert kept.read(file, "other", true.lengths) is None
    assert kept.read(file, "k", true.lengths[1:]) is None
    assert kept.read(file, "k", np.full(14, 4)) is None  # frames that shorter episodes have not
    file.write_text(file.read_text()[:50])
    assert kept.read(file, "k", true.lengths) is None
    file.write_text(json.dumps(one.model_dump() | {"own": [[2, 2]] * 14}))
    assert kept.read(file, "k", true.lengths) is None


def test_tables_of_others_are_checked(true: Truth, tmp_path: Path) -> None:
    made = rows("d", true, {("pixels", "mine"): found(true.times)}, 0)
    dataset = Dataset(name="d", path="a|<i>", sha256="s", episodes=14, scored=11, events_per_episode=3.0)
    whole = Result(seed=0, minutes=1.0, datasets=[dataset], rows=made)
    file = tmp_path / "table.json"
    file.write_text(whole.model_dump_json())
    assert result.read(file) == whole
    assert "| mine | 1.000 | 1.000 [1.000, 1.000] |" in texts.markdown(whole)
    assert "events each, a\\|\\<i\\>, sha256 s." in texts.markdown(whole)
    assert len(texts.cells(made[0])) == len(texts.COLUMNS)
    tree = whole.model_dump(mode="json")
    for change in (
        {"version": 2},
        {"datasets": []},
        {"datasets": [tree["datasets"][0]] * 2},
        {"rows": [tree["rows"][0] | {"part": "sounds"}]},
        {"rows": [tree["rows"][0] | {"scores": {"f1_0": {"value": 1.0, "ci95": [1.0, 0.0]}}}]},
        {"rows": [tree["rows"][0] | {"method": "../elsewhere"}]},
        {"datasets": [tree["datasets"][0] | {"name": ".."}]},
        {"more": 1},
    ):
        file.write_text(json.dumps(tree | change))
        with pytest.raises(InputError, match=r"holds no benchmark: .*: run keyin benchmark again"):
            result.read(file)
