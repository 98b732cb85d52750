"""An import: what is kept of a source, interrupted and continued, and what is left alone."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
import zarr

from keyin_cli import storage
from keyin_cli.datasets.episodes import importing
from keyin_cli.datasets.episodes.importing import Settings, import_source, key, rates, splits
from keyin_cli.datasets.episodes.layout import Episodes
from keyin_cli.datasets.episodes.writer import PROGRESS, Unfinished
from keyin_cli.datasets.sources.frames import Shape
from keyin_cli.datasets.sources.source import Piece, SourceKind, Wanted
from keyin_cli.errors import InputError, Interrupted

LENGTHS = (70, 5, 0, 130)


class Made:
    """Episodes of 8x8 px at 20 frames a second; labels at every tenth frame from 9 on. `fails` breaks off in that episode."""

    names = ("a", "b", "<c>", "d")
    cameras = ("front", "wrist")
    signals = ("state", "obs/gripper")

    def __init__(self, fails: int | None = None) -> None:
        self.fails = fails

    def read(self, episode: int, wanted: Wanted) -> Iterator[Piece]:
        length = LENGTHS[episode]
        for begin in range(0, length, 33):
            numbers = np.arange(begin, min(begin + 33, length))
            values = (numbers + 100 * episode + (wanted.camera == "wrist")).astype(np.uint8)
            frames = np.broadcast_to(values[:, None, None, None], (len(numbers), 8, 8, 3)).copy()
            yield Piece(frames, numbers, numbers / 20, {name: numbers[:, None].astype(np.float32) for name in wanted.signals})
            if episode == self.fails:
                raise InputError("the source broke off")

    def labels(self, episode: int) -> np.ndarray:
        return np.arange(9, LENGTHS[episode], 10)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Made:
    made = Made()
    kind = SourceKind("made", "for a test", lambda path: True, lambda path: made)
    monkeypatch.setattr(importing, "open_source", lambda path, name: (kind, made))
    return made


SETTINGS = Settings(Shape(8, 8), camera="front")


def same(one: Episodes, two: Episodes) -> None:
    assert one.attributes["sha256"] == two.attributes["sha256"]
    assert one.names == two.names
    for name in ("data/frames", "data/keyframes", "data/source_frame", "data/seconds", "meta/episode_ends"):
        np.testing.assert_array_equal(zarr.open_group(one.path)[name][:], zarr.open_group(two.path)[name][:])


def test_episodes_one_after_another(source: Made, tmp_path: Path) -> None:
    made = import_source(Path("x"), SETTINGS, tmp_path / "e.zarr")
    assert made.lengths.tolist() == [70, 5, 130]  # the one without frames is left out
    assert made.names == ["a", "b", "d"]
    assert [each["source"] for each in made.attributes["episodes"]] == [0, 1, 3]
    assert made.fps == 20
    assert made.episode(2)[:, 0, 0, 0].tolist() == [(i + 300) % 256 for i in range(130)]
    assert made.episode(2, "data/source_frame").tolist() == list(range(130))
    assert np.flatnonzero(made.episode(0, "data/keyframes")).tolist() == [9, 19, 29, 39, 49, 59, 69]
    assert not list(tmp_path.glob(".*importing"))
    assert list(made.verify()) == [True] * 3
    zarr.open_group(made.path, mode="r+")["data/frames"][71] = 0  # in the second episode
    assert list(made.verify()) == [True, False, True]


def test_what_is_asked_for_is_taken(source: Made, tmp_path: Path) -> None:
    settings = Settings(Shape(4, 4, fps=5), camera="wrist", signals=("obs/gripper",), episodes=(1, 4))
    made = import_source(Path("x"), settings, tmp_path / "e.zarr")
    assert made.image == (4, 4, 3)
    assert made.names == ["b", "d"]
    assert made.fps == 5
    assert made.signals == {"obs.gripper": 1}
    numbers = made.episode(1, "data/source_frame")
    assert numbers.tolist() == list(range(0, 130, 4))
    assert made.episode(1, "data/obs.gripper")[:, 0].tolist() == numbers.tolist()
    assert made.episode(1)[0, 0, 0, 0] == 301 % 256
    # A label of a frame that is left out is the next frame's, at 12, 20, 32, …
    assert made.episode(1, "data/source_frame")[made.episode(1, "data/keyframes")].tolist()[:3] == [12, 20, 32]


def test_continued_is_the_same_as_never_stopped(source: Made, tmp_path: Path) -> None:
    source.fails = 3
    with pytest.raises(InputError, match="the source broke off"):
        import_source(Path("x"), SETTINGS, tmp_path / "e.zarr")
    assert not (tmp_path / "e.zarr").exists()
    source.fails = None
    read = []
    original = Made.read
    source.read = lambda episode, wanted: read.append(episode) or original(source, episode, wanted)  # type: ignore[method-assign]
    made = import_source(Path("x"), SETTINGS, tmp_path / "e.zarr")
    assert 0 not in read
    same(made, import_source(Path("x"), SETTINGS, tmp_path / "whole.zarr"))


class KilledError(BaseException):
    """Stands for a kill: nothing that is left to do is done."""


@pytest.mark.parametrize("step", ["attributes", "fsync", "move", "remove"])
def test_a_kill_at_the_end_loses_no_episode(step: str, source: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(*_: Any) -> NoReturn:
        raise KilledError

    with monkeypatch.context() as patch:
        match step:
            case "attributes":
                patch.setattr(zarr.core.attributes.Attributes, "put", kill)
            case "fsync":
                patch.setattr(storage, "fsync", kill)
            case "move":
                patch.setattr(Unfinished, "move", kill)
            case "remove":
                patch.setattr(storage, "remove", kill)
        with pytest.raises(KilledError):
            import_source(Path("x"), SETTINGS, tmp_path / "e.zarr")
    source.fails = 0  # no finished episode is read again
    made = import_source(Path("x"), SETTINGS, tmp_path / "e.zarr")
    source.fails = None
    same(made, import_source(Path("x"), SETTINGS, tmp_path / "whole.zarr"))


def test_what_a_kill_left_half_written_is_deleted(source: Made, tmp_path: Path) -> None:
    source.fails = 3
    with pytest.raises(InputError):
        import_source(Path("x"), SETTINGS, tmp_path / "e.zarr")
    source.fails = None
    (tmp_path / ".e.zarr.importing/data/frames/c/0/0/0/0.0123abcd.partial").write_bytes(b"of Zarr")
    import_source(Path("x"), SETTINGS, tmp_path / "e.zarr")
    assert not [*(tmp_path / "e.zarr").rglob("*.partial"), *(tmp_path / "e.zarr").glob(PROGRESS)]


def test_what_zarr_left_half_written_is_nothing_to_complain_about(
    source: Made, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    source.fails = 3
    with pytest.raises(InputError, match="the source broke off"):
        import_source(Path("x"), SETTINGS, tmp_path / "e.zarr")
    left = tmp_path / ".e.zarr.importing" / "data" / f"zarr.{'0' * 32}.partial"
    left.write_text("{")
    source.fails = None
    made = import_source(Path("x"), SETTINGS, tmp_path / "e.zarr")
    assert not list(made.path.rglob("*.partial"))
    assert [str(each.message) for each in recwarn if "partial" in str(each.message)] == []


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_signal_is_one_line_that_says_what_is_kept(overwrite: bool, source: Made, tmp_path: Path) -> None:
    original = Made.labels

    def interrupted(episode: int) -> np.ndarray:
        if episode == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(source, episode)

    source.labels = interrupted  # type: ignore[method-assign]
    kept = "stopped; nothing was replaced" if overwrite else "stopped; the finished episodes are kept"
    with pytest.raises(Interrupted, match=kept):
        import_source(Path("x"), SETTINGS, tmp_path / "e.zarr", overwrite=overwrite)


def test_a_signal_while_the_dataset_gets_its_place_is_not_lost(
    source: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = Unfinished.move
    monkeypatch.setattr(Unfinished, "move", lambda self, to: (os.kill(os.getpid(), signal.SIGTERM), move(self, to)))
    with pytest.raises(Interrupted, match=r"e\.zarr is finished"):
        import_source(Path("x"), SETTINGS, tmp_path / "e.zarr")
    assert import_source(Path("x"), SETTINGS, tmp_path / "e.zarr").n > 1


def test_a_source_that_changed_is_not_continued(source: Made, tmp_path: Path) -> None:
    source.fails = 3
    with pytest.raises(InputError):
        import_source(Path("x"), SETTINGS, tmp_path / "e.zarr")
    source.fails = None
    source.names = ("0", "a", "b", "d")  # type: ignore[assignment]
    with pytest.raises(InputError, match=r"x has other episodes than when this import began: begin it anew with --overwrite"):
        import_source(Path("x"), SETTINGS, tmp_path / "e.zarr")
    assert import_source(Path("x"), SETTINGS, tmp_path / "e.zarr", overwrite=True).names == ["0", "a", "d"]


def test_a_damaged_import_can_be_replaced(source: Made, tmp_path: Path) -> None:
    out = import_source(Path("x"), SETTINGS, tmp_path / "e.zarr").path
    (out / "meta/episode_ends/zarr.json").unlink()
    with pytest.raises(InputError, match=r"e.zarr is no dataset of episodes"):
        import_source(Path("x"), SETTINGS, out)
    assert import_source(Path("x"), SETTINGS, out, overwrite=True).n == 3


def test_a_link_that_leads_nowhere_is_left_alone(source: Made, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(InputError, match=r"link was not made by keyin import"):
        import_source(Path("x"), SETTINGS, tmp_path / "link", overwrite=True)
    assert (tmp_path / "link").is_symlink()


def test_again_is_nothing_to_do_and_otherwise_is_refused(source: Made, tmp_path: Path) -> None:
    out = tmp_path / "e.zarr"
    import_source(Path("x"), SETTINGS, out)
    source.fails = 0
    import_source(Path("x"), SETTINGS, out)
    with pytest.raises(InputError, match=r"was imported differently \(settings.camera.*\): give another --out, or --overwrite"):
        import_source(Path("x"), Settings(Shape(8, 8), camera="wrist"), out)
    source.fails = None
    assert import_source(Path("x"), Settings(Shape(8, 8), camera="wrist"), out, overwrite=True).episode(0)[0, 0, 0, 0] == 1


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_was_not_imported_is_left_alone(source: Made, tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    with pytest.raises(InputError, match=r"mine was not made by keyin import, it is left alone"):
        import_source(Path("x"), SETTINGS, tmp_path / "mine", overwrite=overwrite)
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "x"


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (Settings(Shape(8, 8)), r"x has several cameras: choose one with --camera \(front, wrist\)"),
        (Settings(Shape(8, 8), camera="top"), "x has no camera top: there are front, wrist"),
        (Settings(Shape(8, 8), camera="front", signals=("pose",)), "x has no signal pose: there are state, obs/gripper"),
        (Settings(Shape(8, 8), camera="front", episodes=(4, 9)), "--episodes 4:9: there are 4 episodes"),
        (Settings(Shape(8, 8), camera="front", episodes=(2, 3)), "x has no frames"),
    ],
)
def test_what_is_not_there(settings: Settings, line: str, source: Made, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=line):
        import_source(Path("x"), settings, tmp_path / "e.zarr")
    assert not (tmp_path / "e.zarr").exists()


def test_rates() -> None:
    thinned = np.array([0, 2, 3, 5, 6, 8, 9]) / 15  # of 15 a second to 10: they are not evenly apart
    assert rates([np.arange(5) / 25, thinned, np.zeros(1)]) == pytest.approx([25, 10])
    assert rates([np.zeros(1)]).tolist() == [10]


def test_splits_are_by_episode() -> None:
    assert splits(9) is None
    counts = np.bincount(splits(100))
    assert counts.tolist() == [80, 10, 10]
    np.testing.assert_array_equal(splits(50), splits(50))
    assert np.bincount(splits(10)).tolist() == [8, 1, 1]


@pytest.mark.parametrize(
    ("signal", "name"),
    [
        ("observation.state", "observation.state"),
        ("obs/eef pos", "obs.eef_pos"),
        ("frames", "signal.frames"),
        ("../x", "signal....x"),
    ],
)
def test_names_of_signals_are_names_of_arrays(signal: str, name: str) -> None:
    assert key(signal) == name


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("no video")
    with pytest.raises(InputError, match=r"x.txt is in no format that is known"):
        import_source(tmp_path / "x.txt", SETTINGS, tmp_path / "e.zarr")


def test_black_frames_have_files_too(source: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zarr leaves out chunks of zeros, which then cannot be told from lost ones."""
    black = np.zeros((70, 8, 8, 3), np.uint8)
    piece = Piece(black, np.arange(70), np.arange(70) / 20)
    monkeypatch.setattr(source, "read", lambda episode, wanted: iter([piece]))
    made = import_source(tmp_path, SETTINGS, tmp_path / "e.zarr")
    file = made.path / "data/frames/c/0/0/0/0"
    assert not made.episode(0).any()
    file.unlink()
    with pytest.raises(InputError, match=r"data/frames of .*e.zarr has \d of \d files of chunks, what is missing"):
        import_source(tmp_path, SETTINGS, tmp_path / "e.zarr")
