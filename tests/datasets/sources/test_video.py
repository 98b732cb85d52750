"""One video file: what is in it comes out of it, and whatever is wrong with it is one line."""

import os
import tracemalloc
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.testing import assert_allclose

from keyin_cli.datasets.sources.source import PIECE, Piece, Wanted
from keyin_cli.datasets.sources.video import PIECE_BYTES, SOURCE, STEP, Clock
from keyin_cli.errors import InputError, shown
from keyin_cli.registry import SOURCES

FPS, COUNT = 10, 12
KINDS = {  # file, codec, pixels, options of the container
    "mp4": ("a.mp4", "libx264", "yuv444p", {}),
    "mp4, header first": ("a.mp4", "libx264", "yuv420p", {"movflags": "faststart"}),
    "mp4 in fragments": ("a.m4v", "mpeg4", "yuv420p", {"movflags": "frag_keyframe+empty_moov"}),
    "mov": ("a.MOV", "mjpeg", "yuvj444p", {}),
    "mkv": ("a.mkv", "libx264", "yuv420p", {}),
    "webm": ("a.webm", "libvpx-vp9", "yuv420p", {}),
    "webm, vp8": ("a.webm", "libvpx", "yuv420p", {}),
    "avi": ("a.avi", "mpeg4", "yuv420p", {}),
    "avi, frames reordered": ("a.avi", "libx264", "yuv420p", {}),
    "gif": ("a.gif", "gif", "rgb8", {}),
}


def image(number: int, height: int = 32, width: int = 48) -> np.ndarray:
    """A red left half that fades from frame to frame, a blue right one, a moving green bar."""
    drawn = np.zeros((height, width, 3), np.uint8)
    drawn[:, : width // 2, 0] = 255 - 10 * (number % 20)
    drawn[:, width // 2 :, 2] = 255
    drawn[8 * (number % 4) : 8 * (number % 4) + 8] = (0, 255, 0)
    return drawn


def write(
    path: Path, codec: str, pixels: str = "yuvj420p", count: int = COUNT, options: Any = None, times: Any = None, **size: int
) -> Path:
    """A video of `image`s; `times` are timestamps in ms, else there are `FPS` frames a second."""
    if codec not in av.codec.codecs_available:
        pytest.skip(f"FFmpeg has no {codec} here")
    with av.open(str(path), "w", options=options or {}) as container:
        stream: Any = container.add_stream(codec, rate=FPS)
        first = image(0, **size)
        stream.height, stream.width, stream.pix_fmt = *first.shape[:2], pixels
        stream.bit_rate = 10**6
        container.start_encoding()
        frames = [av.VideoFrame.from_ndarray(image(number, **size), format="rgb24") for number in range(count)]
        packets = [packet for frame in frames for packet in stream.encode(frame)] + stream.encode()
        for number, packet in enumerate(packets):
            if times:
                packet.pts = packet.dts = times[number]
                packet.time_base = Fraction(1, 1000)
            container.mux(packet)
    return path


def made(kind: str, folder: Path, count: int = COUNT) -> Path:
    name, codec, pixels, options = KINDS[kind]
    return write(folder / name, codec, pixels, count, options)


def read(path: Path) -> list[Piece]:
    return list(SOURCE.open(path).read(0, Wanted()))


def refused(path: Path) -> str:
    """The line with which a file is refused."""
    with pytest.raises(InputError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_numbers_and_seconds(kind: str, tmp_path: Path) -> None:
    source = SOURCE.open(path := made(kind, tmp_path))
    assert (list(source.names), list(source.cameras), list(source.signals)) == (["a"], [], [])
    assert source.labels(0) is None
    assert SOURCES.get("video").recognises(path)
    (piece,) = source.read(0, Wanted())
    assert piece.frames.dtype == np.uint8
    assert piece.frames.shape == (COUNT, 32, 48, 3)
    assert piece.numbers.tolist() == list(range(COUNT))
    assert piece.numbers.dtype == np.int64
    assert piece.signals == {}
    assert_allclose(piece.seconds, np.arange(COUNT) / FPS, atol=1e-9)
    inner = np.r_[2:6, 10:14, 18:22, 26:30]  # away from edges, which lossy codecs blur
    true = np.stack([image(number) for number in range(COUNT)])
    for columns in (slice(4, 20), slice(28, 44)):
        # GIF's 8 colours of red and 4 of blue are coarse
        assert_allclose(piece.frames[:, inner, columns].astype(int), true[:, inner, columns], atol=20 if kind != "gif" else 40)


def test_uneven_timestamps(tmp_path: Path) -> None:
    (piece,) = read(write(tmp_path / "a.mkv", "mjpeg", count=5, times=[700, 733, 733, 1000, 4000]))
    assert_allclose(piece.seconds, [0, 0.033, 0.033 + STEP, 0.3, 3.3], atol=1e-12)
    assert (np.diff(piece.seconds) > 0).all()


def test_equal_timestamps_come_a_step_apart() -> None:
    clock = Clock(Fraction(1, 10**9))
    assert_allclose([clock.next(stamp) for stamp in (5, 5, 5, 6, 5 + 10**9)], [0, STEP, 2 * STEP, 3 * STEP, 1], rtol=1e-12)


@pytest.mark.parametrize("stamp", [None, 9, 10 + 10**12])
def test_timestamps_that_are_none(stamp: int | None) -> None:
    clock = Clock(Fraction(1, 100))
    clock.next(10)
    with pytest.raises(ValueError, match="timestamp"):
        clock.next(stamp)


def test_pieces_of_a_long_video_need_little_memory(tmp_path: Path) -> None:
    path = write(tmp_path / "long.avi", "mjpeg", count=1000)
    tracemalloc.start()
    lengths, numbers = zip(
        *((len(piece.frames), int(piece.numbers[0])) for piece in SOURCE.open(path).read(0, Wanted())), strict=True
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lengths == (PIECE,) * (1000 // PIECE) + (1000 % PIECE,)
    assert numbers == tuple(range(0, 1000, PIECE))
    assert peak < 4 * PIECE * image(0).nbytes


def test_pieces_of_large_frames_are_short(tmp_path: Path) -> None:
    pieces = read(write(tmp_path / "large.avi", "mjpeg", count=5, height=1600, width=2000))
    assert [len(piece.frames) for piece in pieces] == [2, 2, 1]
    assert pieces[0].frames.nbytes < 2 * PIECE_BYTES


def test_a_rotation_that_is_noted_is_ignored(tmp_path: Path) -> None:
    data = bytearray(write(tmp_path / "a.mp4", "mpeg4", "yuv420p").read_bytes())
    one, begin = (1 << 16).to_bytes(4, "big"), data.index(b"tkhd") + 44
    assert data[begin : begin + 4] == one  # the matrix
    data[begin : begin + 20] = bytes(4) + one + bytes(4) + (-(1 << 16)).to_bytes(4, "big", signed=True) + bytes(4)
    (tmp_path / "a.mp4").write_bytes(data)
    assert read(tmp_path / "a.mp4")[0].frames.shape == (COUNT, 32, 48, 3)


def test_text_beside_the_frames_may_be_in_any_encoding(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        container.metadata["title"] = "KITCHEN"
        stream: Any = container.add_stream("mpeg4", rate=FPS)
        stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(image(0), format="rgb24")) + stream.encode())
    data = (tmp_path / "a.mp4").read_bytes()
    assert data.count(b"KITCHEN") == 1
    (tmp_path / "a.mp4").write_bytes(data.replace(b"KITCHEN", b"K\xfcCHE \xff"))
    assert read(tmp_path / "a.mp4")[0].seconds.tolist() == [0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.05, 0.5, 0.8, 1])
def test_a_file_that_is_cut_off(kind: str, share: float, tmp_path: Path) -> None:
    path = made(kind, tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data)) - 1])
    line = refused(path)
    assert line.startswith(f"{path} breaks after ")
    assert line.endswith(": copy or encode it again, or leave it out")
    assert "cut off" in line or "incomplete" in line or "Invalid data" in line


def test_what_is_before_the_cut_is_read_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", "mjpeg", count=2 * PIECE)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 3 // 4])
    pieces = SOURCE.open(path).read(0, Wanted())
    assert next(pieces).numbers.tolist() == list(range(PIECE))
    with pytest.raises(InputError, match=r"a\.mkv breaks after 9\d frames \(the file is cut off\)"):
        next(pieces)


def test_a_size_that_a_recorder_left_open_is_no_cut(tmp_path: Path) -> None:
    data = bytearray(made("mkv", tmp_path).read_bytes())
    begin = data.index(b"\x18\x53\x80\x67") + 4
    data[begin : begin + 8] = b"\x01" + b"\xff" * 7
    (tmp_path / "open.mkv").write_bytes(data)
    assert len(read(tmp_path / "open.mkv")[0].frames) == COUNT
    data = bytearray(made("avi", tmp_path).read_bytes())
    data[4:8] = b"\xff" * 4
    (tmp_path / "open.avi").write_bytes(data)
    assert len(read(tmp_path / "open.avi")[0].frames) == COUNT


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_a_damaged_file(kind: str, tmp_path: Path) -> None:
    path = made(kind, tmp_path, 60)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = np.random.default_rng(0).bytes(400)
    path.write_bytes(data)
    assert refused(path).startswith(f"{path} breaks after ")


def test_a_size_that_changes(tmp_path: Path) -> None:
    small, large = (write(tmp_path / f"{h}.avi", "mjpeg", count=3, height=h) for h in (32, 64))
    with av.open(str(tmp_path / "both.avi"), "w") as out, av.open(str(small)) as first, av.open(str(large)) as second:
        stream = out.add_stream_from_template(first.streams.video[0])
        packets = [*first.demux(video=0), *second.demux(video=0)]
        for number, packet in enumerate(packet for packet in packets if packet.size):
            packet.stream, packet.pts, packet.dts = stream, number, number
            out.mux(packet)
    assert "both.avi breaks after 3 frames (the size changes from 32x48 to 64x48 px)" in refused(tmp_path / "both.avi")


def test_frames_that_are_too_large(tmp_path: Path) -> None:
    wide = write(tmp_path / "wide.avi", "mjpeg", count=1, width=8208)
    assert refused(wide) == f"{wide} has frames of 32x8208 px, at most 8192x8192 are read: make them smaller"
    bomb = made("gif", tmp_path)
    bomb.write_bytes(bomb.read_bytes()[:6] + b"\xff" * 4 + bomb.read_bytes()[10:])
    assert refused(bomb).startswith(f"{bomb} ")


def test_sound_without_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        sound: Any = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.rate = 8000
        container.mux(sound.encode(frame) + sound.encode())
    assert refused(path) == f"{path} has no video stream: give a video"


def test_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        cover: Any = container.add_stream("mjpeg", rate=FPS)
        cover.height, cover.width, cover.pix_fmt = 32, 48, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame.from_ndarray(image(0), format="rgb24")) + cover.encode())
    assert refused(path) == f"{path} has no video stream: give a video"


def test_a_video_without_frames(tmp_path: Path) -> None:
    path = write(tmp_path / "none.avi", "mjpeg", count=0)
    assert refused(path) == f"{path} has no frames: copy or encode it again, or leave it out"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"this is no video\n",
        b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile a.avi\n",
        b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"ID3\x03\0\0\0\0\0\0",
    ],
)
def test_other_files_are_refused_whatever_their_name(content: bytes, tmp_path: Path) -> None:
    made("avi", tmp_path)  # which the list of files names
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    assert refused(path) == f"{path} is no MP4, MOV, MKV, WebM, AVI or GIF: give a video of one of these formats"


@pytest.mark.parametrize("begin", [b"\0\0\0\x20ftypisom", b"\x1a\x45\xdf\xa3", b"RIFF\xf0\0\0\0AVI ", b"GIF89a"])
@pytest.mark.parametrize("rest", [b"", b"\0" * 300, b"\xff" * 300, bytes(range(256))])
def test_nothing_behind_the_first_bytes(begin: bytes, rest: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.mov"
    path.write_bytes(begin + rest)
    assert refused(path).startswith(f"{path} ")


def test_a_name_is_data_and_harmless_in_a_line(tmp_path: Path) -> None:
    path = made("avi", tmp_path).rename(tmp_path / "concat:a|b \x1b[31mred\n.avi")
    assert list(SOURCE.open(path).names) == ["concat:a|b \x1b[31mred\n"]
    assert len(read(path)[0].frames) == COUNT
    path.write_bytes(b"")
    assert "concat:a|b \\x1b[31mred\\n.avi" in refused(path)
    assert shown("plain é.mp4") == "plain é.mp4"
    assert shown("\udcff") == r"'\udcff'"


def test_only_files_of_these_names_are_recognised(tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "a.m3u8").touch()
    assert not any(SOURCE.recognises(tmp_path / name) for name in ("folder.mp4", "pipe.mp4", "a.m3u8", "missing.mp4"))
    for name in ("folder.mp4", "pipe.mp4", "missing.mp4"):
        with pytest.raises(InputError, match=f"{name} is no file: give a video"):
            SOURCE.open(tmp_path / name)


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    source = SOURCE.open(path := made("avi", tmp_path))
    path.unlink()
    with pytest.raises(InputError, match=r"a\.avi breaks after 0 frames \(No such file or directory\)"):
        next(source.read(0, Wanted()))
