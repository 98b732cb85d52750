"""How much memory a benchmark asks for: a dataset as often as it is looked at at once, and not where nothing is left to do."""

from pathlib import Path

import demonstration_pieces as pieces
import pytest

from keyin_cli import machine
from keyin_cli.datasets.episodes.layout import open_episodes
from keyin_cli.discovery.benchmark.rows import truth
from keyin_cli.errors import InputError
from keyin_cli.methods import benchmarking
from keyin_cli.methods.benchmarking import Entry, Settings
from keyin_cli.methods.contestants import Contestant


def test_a_dataset_needs_room_for_those_who_look_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    episodes = open_episodes(pieces.turns(tmp_path / "t.zarr", n=3))
    entry, asked = Entry("turns", episodes, truth(episodes), "content"), list[int]()
    monkeypatch.setattr(machine, "check_room", lambda needed, what, less: asked.append(needed))
    who = {name: Contestant(name, "pixels", name == "search") for name in ("motion", "uvd", "search")}
    jobs = {name: (entry, benchmarking._job(entry, each, Settings(), tmp_path / "out")) for name, each in who.items()}
    once = 2 * episodes.total * 16 * 16 * 3
    for names, workers in ((("motion", "uvd", "search"), 8), (("motion", "search"), 8), (("search",), 8), (("motion", "uvd"), 1)):
        benchmarking._check_room([jobs[name] for name in names], workers)
    assert asked == [2 * once, once, once, once]
    benchmarking._check_room([], 8)
    assert len(asked) == 4


def test_too_little_room_is_said_before_anything_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pieces.turns(tmp_path / "t.zarr", n=3)
    args = (["t.zarr"], ["peract"], Settings(), Path("out"), 1)
    benchmarking.benchmark(*args)
    check = machine.check_room
    monkeypatch.setattr(machine, "check_room", lambda needed, what, less: check(needed, what, less, free=1))
    again = benchmarking.benchmark(*args)  # all of it is kept
    assert again.reconstructions == []  # nobody looked at pixels
    with pytest.raises(
        InputError, match=r"^looking at t\.zarr needs .* of memory, 1 B are free: give fewer or smaller episodes$"
    ):
        benchmarking.benchmark(*args, overwrite=True)
    assert (tmp_path / "out/table.json").is_file()
