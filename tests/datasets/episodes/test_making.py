"""A dataset of episodes that a kind makes: its layout, interrupted and continued, and what is left alone."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from keyin_cli import storage
from keyin_cli.datasets import generate
from keyin_cli.datasets.episodes import making
from keyin_cli.datasets.episodes.layout import FRAMES, KEYFRAMES, SECONDS, SOURCE_FRAME, open_episodes
from keyin_cli.datasets.episodes.rows import EpisodeRows, Event
from keyin_cli.datasets.kind import Demonstrator
from keyin_cli.errors import InputError, Interrupted
from keyin_cli.recipe import GeneratedEpisodes


class MadeData(GeneratedEpisodes):
    kind: Literal["made"] = "made"
    path: str = "made.zarr"
    speed: int = 1

    @property
    def image(self) -> tuple[int, int, int]:
        return 4, 4, 3


def episode(data: MadeData, index: int) -> EpisodeRows:
    """Of 5, 6, 7, … frames that have the index in them; an event in frame 2."""
    count = 5 + index
    state = np.arange(count, dtype=np.float32)[:, None] * data.speed + data.seed
    frames = np.full((count, 4, 4, 3), index, np.uint8)
    return EpisodeRows(frames, {"observation.state": state}, [Event(2, "turn")], {"level": index % 2})


class Made:
    """What makes the episodes; `stops` at one of them, as Ctrl-C does, or cannot begin at all because of a `problem`."""

    def __init__(self) -> None:
        self.made: list[int] = []
        self.stops: int | None = None
        self.problem = ""

    def episode(self, data: MadeData, index: int) -> EpisodeRows:
        if index == self.stops:
            raise KeyboardInterrupt
        self.made.append(index)
        return episode(data, index)

    def ready(self) -> None:
        if self.problem:
            raise InputError(self.problem)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    one = Made()
    acting = Demonstrator(one.episode, 4.0, one.ready, {"effector": "observation.state:0:1"})
    monkeypatch.setattr(making, "demonstrator", lambda data: acting)
    return one


DATA = MadeData(n=12, seed=3)


def make(data: MadeData, path: Path, overwrite: bool = False) -> dict[str, Any]:
    return generate.generate(data, path, workers=1, overwrite=overwrite)


def test_the_layout(made: Made, tmp_path: Path) -> None:
    result = make(DATA, tmp_path / "e.zarr")
    episodes = open_episodes(tmp_path / "e.zarr")
    assert episodes.lengths.tolist() == [5 + index for index in range(12)]
    assert (result["n"], result["frames"], result["events"]) == (12, episodes.total, 12)
    assert result["sha256"] == episodes.sha256 == episodes.attributes["sha256"]
    assert episodes.fps == 4
    assert episodes.attributes["roles"] == {"effector": "observation.state:0:1"}
    assert episodes.attributes["recipe"]["seed"] == 3
    assert episodes.records[7]["name"] == "episode 7"
    assert (episodes.records[7]["source"], episodes.records[7]["level"]) == (7, 1)
    assert all(record["events"] == [{"frame": 2, "name": "turn"}] for record in episodes.records)
    assert np.flatnonzero(episodes.episode(7, KEYFRAMES)).tolist() == [2]
    assert episodes.episode(7, "data/observation.state")[:, 0].tolist() == [3.0 + time for time in range(12)]
    assert np.unique(episodes.episode(7, FRAMES)).tolist() == [7]
    assert episodes.episode(1, SECONDS).tolist() == [0, 0.25, 0.5, 0.75, 1, 1.25]
    assert episodes.episode(1, SOURCE_FRAME).tolist() == list(range(6))
    assert list(episodes.verify()) == [True] * 12
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")) == ["e.zarr"]


def test_resumed_equals_uninterrupted(made: Made, tmp_path: Path) -> None:
    whole = make(DATA, tmp_path / "whole.zarr")
    made.made, made.stops = [], 7
    with pytest.raises(Interrupted, match=r"finished episodes of .*resumed\.zarr are kept: run the same command"):
        make(DATA, tmp_path / "resumed.zarr")
    assert not (tmp_path / "resumed.zarr").exists()
    assert made.made == [*range(7)]
    made.made, made.stops = [], None
    resumed = make(DATA, tmp_path / "resumed.zarr")
    assert made.made == [*range(6, 12)]  # two at a time: what was finished with the one that was stopped is made again
    assert (resumed["sha256"], resumed["states_sha256"]) == (whole["sha256"], whole["states_sha256"])
    assert list(open_episodes(tmp_path / "resumed.zarr").verify()) == [True] * 12


def test_what_is_there_is_not_made_again(made: Made, tmp_path: Path) -> None:
    first = make(DATA, tmp_path / "e.zarr")
    made.made = []
    again = make(DATA.model_copy(update={"frames": 7}), tmp_path / "e.zarr")  # the length of windows decides nothing
    assert not made.made
    assert {**again, "seconds": 0} == {
        **first,
        "seconds": 0,
        "sequences_per_second": 0.0,
        "peak_memory_bytes": again["peak_memory_bytes"],
    }


def test_another_recipe_is_refused_and_named(made: Made, tmp_path: Path) -> None:
    make(DATA, tmp_path / "e.zarr")
    faster = DATA.model_copy(update={"speed": 2})
    with pytest.raises(InputError, match=r"made with another recipe \(speed: 1 -> 2\).*--overwrite"):
        make(faster, tmp_path / "e.zarr")
    assert make(faster, tmp_path / "e.zarr", overwrite=True)["sha256"] != make(DATA, tmp_path / "f.zarr")["sha256"]


def test_another_recipe_does_not_go_on_with_what_was_begun(made: Made, tmp_path: Path) -> None:
    made.stops = 4
    with pytest.raises(Interrupted):
        make(DATA, tmp_path / "e.zarr")
    made.stops = None
    other = DATA.model_copy(update={"seed": 4})
    with pytest.raises(InputError, match=r"e\.zarr was begun with another recipe \(seed: 3 -> 4\)"):
        make(other, tmp_path / "e.zarr")
    assert make(other, tmp_path / "e.zarr", overwrite=True)["sha256"] == make(other, tmp_path / "f.zarr")["sha256"]


def test_an_old_dataset_stays_until_the_new_one_is_whole(made: Made, tmp_path: Path) -> None:
    before = make(DATA, tmp_path / "e.zarr")
    made.stops = 5
    with pytest.raises(Interrupted, match="nothing was replaced"):
        make(DATA.model_copy(update={"seed": 4}), tmp_path / "e.zarr", overwrite=True)
    assert open_episodes(tmp_path / "e.zarr").sha256 == before["sha256"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_something_else_is_left_alone(made: Made, tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(InputError, match="was not made by keyin gen-data, it is left alone"):
        make(DATA, tmp_path / "thesis", overwrite)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"
    assert not made.made


def test_what_cannot_be_made_leaves_nothing(made: Made, tmp_path: Path) -> None:
    made.problem = "no package"
    with pytest.raises(InputError, match="no package"):
        make(DATA, tmp_path / "e.zarr")
    with pytest.raises(InputError, match="no package"):
        generate.estimate(DATA, 1)
    assert not list(tmp_path.iterdir())


def test_a_longer_dataset_begins_with_the_shorter(made: Made, tmp_path: Path) -> None:
    for name, n in (("short", 10), ("long", 12)):
        make(DATA.model_copy(update={"n": n}), tmp_path / name)
    short, long = (open_episodes(tmp_path / name) for name in ("short", "long"))
    assert short.records == long.records[:10]
    assert short.splits is not None
    assert long.splits is not None
    assert short.splits.tolist() == long.splits[:10].tolist()


@pytest.mark.parametrize("n", [10, 23, 60])
def test_splits_are_near_their_shares(n: int) -> None:
    for seed in range(20):
        splits = making._splits(MadeData(n=n, seed=seed))
        assert splits is not None
        counts = np.bincount(splits, minlength=3)
        assert (np.abs(counts - n * np.array([0.8, 0.1, 0.1])) < 2).all()


def test_few_episodes_are_in_every_split() -> None:
    assert making._splits(MadeData(n=9)) is None


def test_the_estimate(made: Made) -> None:
    told = generate.estimate(DATA, workers=4)
    assert told["arrays"]["data/frames"] == "about (60, 4, 4, 3) uint8"
    assert told["arrays"]["data/observation.state"] == "about (60, 1) float32"
    assert made.made == [0]


def test_a_recipe_makes_them_and_sees_windows(made: Made, tmp_path: Path) -> None:
    data = DATA.model_copy(update={"path": str(tmp_path / "e.zarr"), "frames": 8})
    dataset = generate.ensure(data, workers=1)
    made.made = []
    assert generate.ensure(data).sha256 == dataset.sha256
    assert not made.made
    assert dataset.read("frames", np.arange(1)).shape == (1, 8, 4, 4, 3)


def test_a_folder_in_which_nothing_was_begun(made: Made, tmp_path: Path) -> None:
    (tmp_path / ".e.zarr.making").mkdir()
    assert make(DATA, tmp_path / "e.zarr")["n"] == 12


def test_killed_before_it_was_put_in_its_place(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make(DATA, tmp_path / "whole.zarr")

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(making.Unfinished, "move", stop)
        with pytest.raises(KeyboardInterrupt):
            make(DATA, tmp_path / "e.zarr")
    assert storage.read_json(tmp_path / ".e.zarr.making" / making.RECIPE)["seed"] == 3
    made.made = []
    assert make(DATA, tmp_path / "e.zarr")["sha256"] == whole["sha256"]
    assert not made.made
