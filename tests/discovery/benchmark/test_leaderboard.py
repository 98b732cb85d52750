"""The leaderboard: every released entry is whole, and a new one comes from tables."""

import json
from pathlib import Path
from typing import Any

import pytest

from keyin_cli.discovery.benchmark import leaderboard
from keyin_cli.discovery.benchmark.leaderboard import Leaderboard, added
from keyin_cli.discovery.benchmark.measures import MEASURES
from keyin_cli.discovery.benchmark.result import Result
from keyin_cli.errors import InputError

RELEASED = Path(__file__).parents[3] / "artifacts/released/benchmark/leaderboard.json"
LINK = "https://example.org/mine"


def tables(f1: float = 0.5) -> Result:
    score = {"value": f1, "ci95": [f1 - 0.1, f1 + 0.1]}
    row: dict[str, Any] = {"dataset": "d", "part": "pixels", "number": "own", "shift": 0, "keyframes_per_episode": 3.0}
    row |= {"scores": dict.fromkeys(MEASURES, score), "seconds_per_episode": 1.0}
    dataset = {"name": "d", "path": "p", "sha256": "s", "episodes": 14, "scored": 11, "events_per_episode": 3.0}
    methods = [row | {"method": name} for name in ("mine", "other", "random")] + [row | {"method": "mine", "number": "given"}]
    return Result.model_validate({"seed": 0, "minutes": 1.0, "datasets": [dataset], "rows": methods})


def with_mine(f1: float, by: str = "A") -> Leaderboard:
    return added(Leaderboard(entries=[]), tables(f1), "mine", by, LINK, "0.1", "2026-11-28")


def test_the_released_one_is_whole() -> None:
    board = leaderboard.read(RELEASED)
    assert json.loads(RELEASED.read_text()) == board.model_dump(mode="json")


def test_all_rows_of_a_method_are_added_and_replaced() -> None:
    board = with_mine(0.5)
    assert [(each.row.method, each.row.number) for each in board.entries] == [("mine", "own"), ("mine", "given")]
    again = added(board, tables(0.7), "mine", "A", LINK, "0.2", "2026-11-29")
    assert [each.row.scores["f1_1"].value for each in again.entries] == [0.7, 0.7]
    both = added(again, tables(0.6), "mine", "B", LINK, "0.2", "2026-11-29")
    assert [(each.row.number, each.by) for each in both.ordered()] == [("given", "A"), ("given", "B"), ("own", "A"), ("own", "B")]


@pytest.mark.parametrize("method", ["random", "theirs"])
def test_only_methods_of_the_tables(method: str) -> None:
    with pytest.raises(InputError, match=f"have no method {method}: there are mine, other$"):
        added(Leaderboard(entries=[]), tables(), method, "A", LINK, "0.1", "2026-11-28")


@pytest.mark.parametrize(("link", "day"), [("javascript:alert(1)", "2026-11-28"), ("https://x)(", "2026-11-28"), (LINK, "today")])
def test_what_is_said_is_checked(link: str, day: str) -> None:
    with pytest.raises(InputError, match="the entry is wrong: "):
        added(Leaderboard(entries=[]), tables(), "mine", "A", link, "0.1", day)


def test_a_file_of_others(tmp_path: Path) -> None:
    file = tmp_path / "leaderboard.json"
    tree = with_mine(0.5).model_dump(mode="json")
    first = tree["entries"][0]
    for entries in (
        [first, first],
        [first | {"row": first["row"] | {"dataset": "e"}}],
        [first | {"row": first["row"] | {"scores": {}}}],
    ):
        file.write_text(json.dumps(tree | {"entries": entries}))
        with pytest.raises(InputError, match="is no leaderboard: "):
            leaderboard.read(file)
