"""`keyin report`: the real command, where its page goes, and what it refuses."""

from pathlib import Path

import pytest
import report_pieces as pieces
from processes import Keyin, complaint, printed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A directory with a dataset, keyframes of it, and plans."""
    pieces.episodes(tmp_path)
    pieces.found(tmp_path)
    pieces.planned(tmp_path)
    return tmp_path


def test_by_the_real_command(keyin: Keyin, path: Path) -> None:
    result = printed(keyin("report", "find/keyframes.json", "--json", cwd=path))
    page = path / "find" / "report.html"
    assert result == {"path": "find/report.html", "kind": "keyframes", "episodes": 2, "bytes": page.stat().st_size}
    assert page.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("given", "page"),
    [("mine.zarr", "mine-report.html"), ("find", "find/report.html"), ("plans", "plans/report.html")],
)
def test_a_page_goes_beside_what_it_shows(here: Keyin, path: Path, given: str, page: str) -> None:
    for _ in range(2):  # an earlier page is replaced
        done = here("report", given, cwd=path)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"{page}: ")
    assert (path / page).is_file()


def test_some_episodes_to_another_place(here: Keyin, path: Path) -> None:
    done = here("report", "mine.zarr", "--episodes", "1:2", "--out", "pages/one.html", cwd=path)
    assert "1 of 2 episodes are shown here; --episodes FROM:TO shows others." in done.stdout
    assert (path / "pages" / "one.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["nothing"], ["nothing at nothing: give a dataset of keyin import", "or a training run"]),
        (["mine.zarr", "--episodes", "1"], ["--episodes 1: expected FROM:TO"]),
        (["plans", "--episodes", "0:1"], ["has no episodes to choose"]),
        (["mine.zarr", "--out", "find/keyframes.json"], ["is no page of keyin report, it is left alone"]),
        (["find", "--data", "elsewhere.zarr"], ["no dataset at elsewhere.zarr"]),
    ],
)
def test_what_is_refused(here: Keyin, path: Path, arguments: list[str], parts: list[str]) -> None:
    line = complaint(here("report", *arguments, cwd=path))
    assert all(part in line for part in parts)
