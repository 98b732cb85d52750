import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyin_cli import storage
from keyin_cli.errors import InputError, RunError
from keyin_cli.storage import lines

ROWS = [{"step": 1, "text": "ä\n\u2028"}, {"step": 2, "loss": float("inf")}, {"step": 3}]


def text(rows: list[storage.Row], path: Path) -> bytes:
    storage.write_lines(path, rows)
    return path.read_bytes()


def test_lines_come_back_as_they_were(tmp_path: Path) -> None:
    storage.write_lines(tmp_path / "a", ROWS)
    for row in ROWS:
        storage.append_line(tmp_path / "b", row)
    assert storage.read_lines(tmp_path / "a") == storage.read_lines(tmp_path / "b") == ROWS
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    storage.write_lines(tmp_path / "a", [])
    assert storage.read_lines(tmp_path / "a") == storage.read_lines(tmp_path / "none") == []


def test_wherever_a_kill_cuts_the_file_whole_lines_stay_and_the_next_is_added_to_them(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    whole = text(ROWS, file)
    ends = [len(text(ROWS[:count], file)) for count in range(4)]
    for cut in range(len(whole) + 1):
        kept = sum(cut >= end - 1 for end in ends[1:])  # a line is whole without its newline too
        file.write_bytes(whole[:cut])
        assert storage.read_lines(file) == ROWS[:kept]
        storage.append_line(file, {"step": 4})
        assert file.read_bytes() == text([*ROWS[:kept], {"step": 4}], tmp_path / "expected")


@given(length=st.integers(0, 3 * lines.BLOCK), cut=st.integers(0, 14))
def test_lines_of_any_length_are_mended(length: int, cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("lines") / "lines"
    rows = [{"first": 1}, {"second": "x" * length}]
    whole = text(rows, file)
    file.write_bytes(whole[: len(whole) - cut])
    storage.append_line(file, {"third": 3})
    assert storage.read_lines(file) == [*(rows if cut <= 1 else rows[:1]), {"third": 3}]


@pytest.mark.parametrize("end", [b"\n", b""])
@pytest.mark.parametrize("last", [b'{"step": 2, "lo', b"\x00\x00\x00\x00\x00", b"\xff\xfe", b'{"text": "\xc3', b" "])
def test_a_damaged_last_line_is_left_out_and_not_added_to(last: bytes, end: bytes, tmp_path: Path) -> None:
    file = tmp_path / "lines"
    file.write_bytes(b'{"step": 1}\n' + last + end)
    assert storage.read_lines(file) == [{"step": 1}]
    storage.append_line(file, {"step": 3})
    assert file.read_bytes() == b'{"step": 1}\n{"step": 3}\n'


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b'{"step": 1}\n{"step": \n{"step": 3}\n', "line 2 is damaged"),
        (b'{"step": 1}\n\n{"step": 3}\n', "line 2 is damaged"),
        (b'{"step": 1}\n{"st{"step": 3}\n{"step": 4}', "line 2 is damaged"),
        (b'\xff\n{"step": 3}\n', "line 1 is damaged"),
        (b'{"step": 1}\n12\n{"step": 3}\n', "line 2 is no JSON object"),
        (b'{"step": 1}\n[1]\n', "line 2 is no JSON object"),
        (b'{"step": 1}\nnull', "line 2 is no JSON object"),
    ],
)
def test_other_damage_is_named_and_nothing_behind_it_is_dropped(content: bytes, what: str, tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    file.write_bytes(content)
    with pytest.raises(InputError, match=f"metrics.jsonl: {what}: take this line out by hand, or run .* with --overwrite"):
        storage.read_lines(file)
    assert file.read_bytes() == content


def test_a_line_is_on_the_disk_when_it_was_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append((os.fstat(handle).st_ino, (tmp_path / "lines").read_text()))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    storage.append_line(tmp_path / "lines", {"step": 1})
    storage.append_line(tmp_path / "lines", {"step": 2})
    first, second = '{"step": 1}\n', '{"step": 1}\n{"step": 2}\n'
    file, folder = (path.stat().st_ino for path in (tmp_path / "lines", tmp_path))
    assert synced == [(file, first), (folder, first), (file, second)]  # the name of a new file too


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match=r"the disk is full while writing .*lines"):
        storage.append_line(tmp_path / "lines", {"step": 1})
