"""A folder of videos: which files are episodes, in which order, of which names."""

import os
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from keyin_cli.datasets.sources.folder import SOURCE
from keyin_cli.datasets.sources.source import Wanted
from keyin_cli.errors import InputError
from keyin_cli.registry import SOURCES


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def write(path: Path, grey: int) -> None:
    """Two frames in one shade."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mjpeg", rate=4)
        stream.height, stream.width, stream.pix_fmt = 16, 24, "yuvj420p"
        frame = av.VideoFrame.from_ndarray(np.full((16, 24, 3), grey, np.uint8), format="rgb24")
        for packet in [*stream.encode(frame), *stream.encode(frame), *stream.encode()]:
            container.mux(packet)


def names(root: Path) -> list[str]:
    return list(SOURCE.open(root).names)


def refused(root: Path) -> str:
    with pytest.raises(InputError) as caught:
        SOURCE.open(root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_video_is_an_episode(tmp_path: Path) -> None:
    for number in (10, 2):
        write(tmp_path / f"{number}.avi", 10 * number)
    touch(tmp_path, "broken.mp4", "notes.txt")
    assert SOURCE.recognises(tmp_path)
    source = SOURCE.open(tmp_path)
    assert list(source.names) == ["2", "10", "broken"]
    assert (list(source.cameras), list(source.signals), source.labels(1)) == ([], [], None)
    for episode, grey in enumerate((20, 100)):
        (piece,) = source.read(episode, Wanted())
        np.testing.assert_allclose(piece.frames.astype(int), np.full((2, 16, 24, 3), grey), atol=6)
        assert piece.numbers.tolist() == [0, 1]
        assert piece.seconds.tolist() == [0, 0.25]
    with pytest.raises(InputError, match=r"broken\.mp4 is no MP4"):
        next(source.read(2, Wanted()))


def test_the_registry_has_it() -> None:
    assert SOURCES.get("folder") is SOURCE
    assert SOURCES.cards["folder"].order == 90


def test_natural_order_of_the_paths(tmp_path: Path) -> None:
    ordered = ["a/2", "a/10", "a/10/x", "a 1", "a 01", "a 1b", "demo1", "demo1-again", "demo9", "demo10", "x²", "x٣", "x4"]
    touch(tmp_path, *(f"{name}.MP4" for name in reversed(ordered)))
    found = names(tmp_path)
    assert sorted(found) == sorted(ordered)
    assert found.index("a/2") < found.index("a/10") < found.index("a/10/x")
    assert found.index("a 01") < found.index("a 1") < found.index("a 1b")
    numbered = ["demo1", "demo1-again", "demo9", "demo10"]
    assert [name for name in found if name.startswith("demo")] == numbered
    assert names(tmp_path) == found


def test_hidden_files_and_other_things_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", ".b.mp4", "._a.mp4", ".cache/c.mp4", "d/.e/f.mp4", "list.m3u8", "sound.mp3", "mp4")
    (tmp_path / "folder.mp4").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    assert names(tmp_path) == ["a"]


def test_links_that_leave_the_folder_are_passed_over(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "root2"
    touch(root, "a.mp4", ".store/blob")
    touch(outside, "secret.mp4")
    links = {
        "inside.mp4": Path("a.mp4"),
        "hidden.mp4": root / ".store" / "blob",
        "outside.mp4": Path("..", "root2", "secret.mp4"),
        "twice.mp4": Path("outside.mp4"),
        "missing.mp4": Path("nothing.mp4"),
        "loop.mp4": Path("loop.mp4"),
        "folder": outside,
        "again": Path("."),
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    assert names(root) == ["a", "hidden", "inside"]
    (tmp_path / "link").symlink_to(root)
    assert names(tmp_path / "link") == ["a", "hidden", "inside"]


def test_a_folder_without_videos(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt", ".hidden.mp4")
    assert not SOURCE.recognises(tmp_path)
    line = (
        r"has no videos (.mp4, .m4v, .mov, .mkv, .webm, .avi, .gif) that are neither hidden nor links to elsewhere: give others"
    )
    assert refused(tmp_path) == f"{tmp_path} {line}"


def test_no_folder(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4")
    for name in ("a.mp4", "missing"):
        assert not SOURCE.recognises(tmp_path / name)
        assert refused(tmp_path / name) == f"{tmp_path / name} is no folder: give a folder of videos"


def test_two_episodes_of_one_name(tmp_path: Path) -> None:
    touch(tmp_path, "sub/a.mp4", "sub/a.gif")
    line = refused(tmp_path)
    assert line.endswith(", which would be episodes of one name: rename one, or move it out")
    assert "sub/a.mp4" in line
    assert "sub/a.gif" in line


def test_names_are_data_and_harmless_in_a_line(tmp_path: Path) -> None:
    odd = [b"\x1b[31m.mp4", b"a\nb.mp4", b"\xff.mp4"]
    for name in odd:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    assert sorted(names(tmp_path)) == ["\x1b[31m", "a\nb", "\udcff"]
    source = SOURCE.open(tmp_path)
    lines = []
    for episode in range(3):
        with pytest.raises(InputError) as caught:
            next(source.read(episode, Wanted()))
        lines.append(str(caught.value))
    assert all(line.isprintable() for line in lines)
    touch(tmp_path, "a\nb.gif")
    assert refused(tmp_path).isprintable()


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def scandir(path: str) -> Any:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", scandir)
    assert refused(tmp_path) == f"{tmp_path} cannot be listed (Permission denied): see to its rights, or move it out"
