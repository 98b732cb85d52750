"""WebVTT: the cues read back, in order, and names that cannot make a cue or a tag."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyin_cli.discovery.exports import FORMATS
from keyin_cli.discovery.exports.webvtt import chapters, stamp
from keyin_cli.discovery.found import Found, FoundEpisode

TIME = r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})"
CUE = re.compile(rf"{TIME} --> {TIME}\n(.+)\n")
HOSTILE = ['"x"', "a\nb", "a\r\n\r\n00:00.000 --> 00:01.000\nb", "-->", "<script>alert(1)</script>", "a\0b", "\ud800", "&lt;", ""]


def read(text: str) -> tuple[str, list[tuple[int, int, str]]]:
    """The title and the cues (begin, end in ms, text) of a file; blocks are separated by empty lines."""
    first, *blocks = text.split("\n\n")
    cues = []
    for block in blocks:
        match = CUE.fullmatch(block.rstrip("\n") + "\n")
        assert match, block
        numbers = [int(each) for each in match.groups()[:8]]
        begin, end = (3600000 * h + 60000 * m + 1000 * s + ms for h, m, s, ms in (numbers[:4], numbers[4:]))
        cues.append((begin, end, match[9]))
    return first.strip("\n"), cues


def of(episode: FoundEpisode, fps: float = 10.0) -> tuple[str, list[tuple[int, int, str]]]:
    ((number, text),) = chapters(Found(fps=fps, episodes=[episode]))
    assert number == episode.episode
    return read(text)


def test_segments_between_keyframes() -> None:
    episode = FoundEpisode(episode=3, name="cup", frames=118, keyframes=[12, 40], times=[1.2, 4.0])
    (file,) = chapters(Found(episodes=[episode]))
    assert file == (
        3,
        "WEBVTT Episode 3 cup\n"
        "\n00:00:00.000 --> 00:00:01.200\nSegment 1\n"
        "\n00:00:01.200 --> 00:00:04.000\nSegment 2\n"
        "\n00:00:04.000 --> 00:00:11.800\nSegment 3\n",
    )


def test_an_episode_without_keyframes_is_one_chapter() -> None:
    assert of(FoundEpisode(episode=0, frames=118, keyframes=[])) == ("WEBVTT Episode 0", [(0, 11800, "Segment 1")])


def test_segments_without_duration_are_left_out() -> None:
    first = FoundEpisode(episode=0, frames=11, keyframes=[0, 3, 4], times=[0.0, 0.3, 0.3])
    assert of(first)[1] == [(0, 300, "Segment 1"), (300, 825, "Segment 2")]
    assert of(FoundEpisode(episode=0, frames=0, keyframes=[])) == ("WEBVTT Episode 0", [])


@given(st.lists(st.integers(0, 9999), unique=True).map(sorted), st.integers(1, 200), st.floats(0.1, 240))
def test_cues_cover_the_episode(keyframes: list[int], more: int, fps: float) -> None:
    frames = max(keyframes, default=0) + more
    _, cues = of(FoundEpisode(episode=0, frames=frames, keyframes=keyframes), fps)
    assert cues[0][0] == 0
    assert abs(cues[-1][1] - 1000 * frames / fps) <= 1
    assert all(before[1] == after[0] for before, after in pairwise(cues))
    assert all(begin < end for begin, end, _ in cues)
    assert [text for *_, text in cues] == [f"Segment {i + 1}" for i in range(len(cues))]
    assert all(min(abs(begin - 1000 * keyframe / fps) for keyframe in keyframes) <= 1 for begin, *_ in cues[1:])


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(name: str) -> None:
    title, cues = of(FoundEpisode(episode=3, name=name, frames=10, keyframes=[5]))
    assert [text for *_, text in cues] == ["Segment 1", "Segment 2"]
    assert len(title.splitlines()) == 1
    assert not {"<", ">", "\0"} & set(title)
    title.encode()


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_no_name_makes_a_cue(name: str) -> None:
    title, cues = of(FoundEpisode(episode=3, name=name, frames=10, keyframes=[]))
    assert cues == [(0, 1000, "Segment 1")]
    assert len(title.splitlines()) == 1
    assert "-->" not in title


def test_stamps() -> None:
    assert stamp(3723004) == "01:02:03.004"
    assert stamp(360_000_000) == "100:00:00.000"


def test_the_files_are_named_by_numbers(tmp_path: Path) -> None:
    episodes = [FoundEpisode(episode=number, name="../x", keyframes=[1]) for number in (3, 12_345_678)]
    FORMATS["vtt"].write(Found(episodes=episodes), tmp_path, None)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["000003.vtt", "12345678.vtt"]
    assert (tmp_path / "000003.vtt").read_bytes().startswith(b"WEBVTT Episode 3 ../x\n\n00:00:00.000 --> ")
