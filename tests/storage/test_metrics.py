from pathlib import Path

import pytest

from keyin_cli import storage
from keyin_cli.errors import InputError

ROWS = [{"step": 10, "loss": 1.5, "phase": 0}, {"step": 20, "loss": float("nan"), "val/loss": 2, "phase": 1}]


def test_rows_come_back(tmp_path: Path) -> None:
    assert storage.read_metrics(tmp_path) == []
    storage.write_lines(tmp_path / "metrics.jsonl", ROWS)
    assert [row["step"] for row in storage.read_metrics(tmp_path)] == [10, 20]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"step": 20, "loss": 1.0}, "steps do not increase"),
        ({"step": 3}, "steps do not increase"),
        ({"loss": 1.0}, "is no row of metrics"),
        ({"step": "30"}, "is no row of metrics"),
        ({"step": 30.5}, "is no row of metrics"),
        ({"step": True}, "is no row of metrics"),
        ({"step": 30, "phase": 0.5}, "is no row of metrics"),
        ({"step": 30, "loss": "low"}, "is no row of metrics"),
        ({"step": 30, "loss": [1]}, "is no row of metrics"),
        ({"step": 30, "loss": None}, "is no row of metrics"),
    ],
)
def test_other_rows_are_named(row: storage.Row, what: str, tmp_path: Path) -> None:
    storage.write_lines(tmp_path / "metrics.jsonl", [*ROWS, row])
    with pytest.raises(InputError, match=f"metrics.jsonl: line 3: {what}"):
        storage.read_metrics(tmp_path)
