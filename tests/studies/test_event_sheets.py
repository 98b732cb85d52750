"""studies/event_sheets.py: which frames are shown, what is counted, and the table of docs/events.md."""

import importlib
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "studies")
    return importlib.import_module("event_sheets")


def test_the_table_is_that_of_its_file(study: ModuleType) -> None:
    found = json.loads((ROOT / study.OUT / study.NUMBERS).read_text())["datasets"]
    assert study.table(found) in (ROOT / "docs" / "events.md").read_text()


def test_pictures_are_small(study: ModuleType) -> None:
    pictures = list((ROOT / study.OUT).glob("events-*.png"))
    assert len(pictures) == 6
    assert all(picture.stat().st_size < 150_000 for picture in pictures)


@pytest.mark.parametrize(("length", "count"), [(100, 24), (30, 24), (10, 24), (2, 24)])
def test_all_events_are_shown_and_what_fits_between_them(study: ModuleType, length: int, count: int) -> None:
    events = [each for each in (1, 2, 8) if each < length - 1]
    shown = study.chosen(length, events, count).tolist()
    assert shown == sorted(set(shown))
    assert len(shown) == min(length, count)
    assert {0, length - 1, *events} <= set(shown)


def test_what_is_counted(study: ModuleType) -> None:
    def record(*times: int, names: str = "open the red door") -> dict[str, object]:
        return {"events": [{"frame": time, "name": names} for time in times], "failed_attempts": len(times) - 1}

    episodes = SimpleNamespace(
        records=[record(2), record(5, 9, names="pick up the blue key")],
        lengths=np.array([11, 11]),
        attributes={"recipe": {"kind": "made"}},
        sha256="0",
        n=2,
        total=22,
        fps=10.0,
    )
    found = study.numbers(episodes)
    assert (found["events"], found["episodes_drawn_again"]) == (3, 1)
    assert found["events_per_episode"] == {"least": 1, "mean": 1.5, "most": 2}
    assert found["frames_between_events"] == {"least": 4, "mean": 4.0, "most": 4}
    assert found["names"] == {"pick up a key": 2, "open a door": 1}
    assert found["spread"] == 0.15  # 0.2 and 0.5 of the first place; of the second there is one alone
    (row,) = study.table({"made": found}).splitlines()[2:]
    assert row == "| made | 2 | 22 | 11 (11 to 11) | 3 | 1.5 (1 to 2) | 4 (4 to 4) | 0.150 |"


def test_what_was_imported_is_called_as_its_folder(study: ModuleType) -> None:
    """Nobody says how often its episodes were drawn, nor a recipe."""
    told = {"source": "d.npz", "format": "npz", "settings": {"signals": []}, "labels": {"path": "events.csv"}}
    record = {"events": [{"frame": 2, "name": "grasp"}, {"frame": 5, "name": "put down"}]}
    episodes = SimpleNamespace(
        records=[record, record],
        lengths=np.array([11, 11]),
        attributes={**told, "generator": "keyin import"},
        path=Path("data/hands-n60-seed1.zarr"),
        sha256="0",
        n=2,
        total=22,
        fps=10.0,
    )
    assert study.called(episodes) == "hands"
    found = study.numbers(episodes)
    assert found["recipe"] == told
    assert found["events"] == 4
    assert "episodes_drawn_again" not in found
    assert study.called(SimpleNamespace(attributes={"recipe": {"kind": "made"}}, path=Path("x.zarr"))) == "made"


def test_what_has_no_events_is_refused(
    study: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["event_sheets.py", str(tmp_path / "none.zarr"), "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match="2"):
        study.main()
    assert "none.zarr" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
