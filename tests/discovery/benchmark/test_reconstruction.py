"""Reconstruction from keyframes: every line and what it is compared with, its place in files, tables and the figure."""

import json
from pathlib import Path
from typing import Any

import demonstration_pieces as pieces
import numpy as np
import pytest
from PIL import Image

from keyin_cli.datasets.episodes.layout import FRAMES, Episodes, open_episodes
from keyin_cli.discovery.benchmark import blend, picture, protocol, result, texts
from keyin_cli.discovery.benchmark.kept import Kept, Told
from keyin_cli.discovery.benchmark.protocol import COUNTS
from keyin_cli.discovery.benchmark.reconstruction import reconstructions
from keyin_cli.discovery.benchmark.result import Dataset, Reconstruction, Result
from keyin_cli.discovery.benchmark.rows import Truth, truth
from keyin_cli.errors import InputError


@pytest.fixture(scope="module")
def episodes(tmp_path_factory: pytest.TempPathFactory) -> Episodes:
    return open_episodes(pieces.turns(tmp_path_factory.mktemp("blends") / "t.zarr", n=7))


@pytest.fixture(scope="module")
def true(episodes: Episodes) -> Truth:
    return truth(episodes)


def kept(true: Truth, keyframes: dict[int, np.ndarray], **more: Any) -> Kept:
    told = [Told(count=count, keyframes=[np.flatnonzero(row).tolist() for row in times]) for count, times in keyframes.items()]
    own = [[1]] * len(true.lengths)
    about = {"key": "k", "knob": "x", "usual": 1.0, "actions": False, "preparation_seconds": 0.5, "seconds_per_episode": 0.1}
    return Kept(given=None, own=own, told=told, **about | {"peak_memory_bytes": 3_000_000} | more)


def uniform(true: Truth, count: int) -> np.ndarray:
    return protocol.uniform(np.full(len(true.lengths), count), true.lengths)


@pytest.fixture(scope="module")
def lines(episodes: Episodes, true: Truth) -> list[Reconstruction]:
    """Of a method that is uniform but for a keyframe less, of one that never finds any, and of one that was told nothing."""
    fewer = kept(true, {count: uniform(true, count - 1) for count in COUNTS}, actions=True)
    none = kept(true, {count: uniform(true, 0) for count in COUNTS})
    return reconstructions("turns", episodes, true, {"fewer": fewer, "none": none, "free": kept(true, {})}, 0)


def test_everybody_who_was_told_numbers_has_a_line(lines: list[Reconstruction]) -> None:
    assert {line.method for line in lines} == {"fewer", "none", "uniform", "random", "optimum", "events"}
    assert (lines[0].method, lines[-1].method) == ("optimum", "events")
    assert [point.count for point in lines[0].points] == list(COUNTS)
    assert [point.count for point in lines[-1].points] == [None]
    assert lines[-1].points[0].keyframes_per_episode == 3
    assert {line.method for line in lines if line.actions} == {"fewer"}
    assert {line.episodes for line in lines} == {7}  # no label is used, so those that choose the shift count too


def test_differences_are_those_to_as_many_uniform_keyframes(lines: list[Reconstruction]) -> None:
    by = {line.method: line for line in lines}
    assert all(point.against_uniform is None for point in by["uniform"].points)
    for count in COUNTS:
        fewer = by["fewer"].at(count)
        assert (fewer.keyframes_per_episode, fewer.against_uniform.value) == (count - 1, 0)
        assert by["random"].at(count).keyframes_per_episode == count
        best = by["optimum"].at(count)
        assert best.psnr.value >= max(line.at(count).psnr.value for line in lines if line.at(count))
        assert best.psnr.ci95[0] <= best.psnr.value <= best.psnr.ci95[1]
    assert by["fewer"].at(2).psnr == by["uniform"].at(1).psnr
    assert len({point.psnr.value for point in by["none"].points}) == 1


def test_decibels_are_means_over_episodes_of_what_is_really_blended(
    episodes: Episodes, true: Truth, lines: list[Reconstruction]
) -> None:
    made = []
    for index in range(episodes.n):
        frames = episodes.episode(index, FRAMES) / 255
        at = [0, *np.flatnonzero(true.times[index]), len(frames) - 1]
        flat = frames.reshape(len(frames), -1)
        drawn = np.stack([np.interp(np.arange(len(frames)), at, pixel[at]) for pixel in flat.T], axis=1)
        made.append(-10 * np.log10(np.mean((flat - drawn) ** 2)))
    assert lines[-1].points[0].psnr.value == pytest.approx(np.mean(made))


def test_the_same_seed_draws_the_same(episodes: Episodes, true: Truth) -> None:
    found = {"none": kept(true, {1: uniform(true, 0)})}
    first, again, other = (reconstructions("turns", episodes, true, found, seed) for seed in (0, 0, 1))
    assert first == again
    values = [{line.method: line.points[0].psnr.value for line in each} for each in (first, other)]
    assert values[0].pop("random") != values[1].pop("random")
    assert values[0] == values[1]


def test_who_is_told_nothing_and_episodes_that_are_too_short(episodes: Episodes, true: Truth, tmp_path: Path) -> None:
    assert reconstructions("turns", episodes, true, {"free": kept(true, {})}, 0) == []
    assert [protocol.reconstructed(n) for n in (18, 19, 2000, 2001)] == [False, True, True, False]
    some = open_episodes(pieces.turns(tmp_path / "s.zarr", n=7, length=15))  # of 15 to 22 frames
    labels = truth(some)
    long = labels.lengths >= protocol.SHORTEST
    assert 0 < long.sum() < 7
    made = reconstructions("s", some, labels, {"none": kept(labels, {16: uniform(labels, 0)})}, 0)
    assert {line.episodes for line in made} == {int(long.sum())}


@pytest.fixture
def whole(lines: list[Reconstruction]) -> Result:
    about = Dataset(name="turns", path="p", sha256="s", episodes=7, scored=5, events_per_episode=3.0)
    return Result(seed=0, minutes=1.0, datasets=[about], rows=[], reconstructions=lines)


def test_files_with_lines_and_without(whole: Result, tmp_path: Path) -> None:
    file = tmp_path / "table.json"
    file.write_text(whole.model_dump_json())
    assert result.read(file) == whole
    tree = json.loads(file.read_text())
    file.write_text(json.dumps({key: value for key, value in tree.items() if key != "reconstructions"}))  # as it once was
    assert result.read(file).lines() == {}
    line = tree["reconstructions"][0]
    for change in ({"dataset": "other"}, {"points": []}, {"method": "../x"}, {"episodes": -1}):
        file.write_text(json.dumps(tree | {"reconstructions": [line | change]}))
        with pytest.raises(InputError, match=r"holds no benchmark: .*: run keyin benchmark again"):
            result.read(file)


def test_tables(whole: Result) -> None:
    columns, rows = texts.reconstruction_table(whole.lines()["turns"])
    assert (len(columns), {len(row) for row in rows}) == (11, {11})
    cells = {row[0]: row for row in rows}
    assert set(cells) == {"fewer†", "none", "uniform", "random", "optimum"}
    assert cells["fewer†"][2].endswith(" (1.0)")
    assert cells["uniform"][6:] == ["–"] * 5
    assert "+0.00 [+0.00, +0.00]" in cells["fewer†"]
    markdown = texts.markdown(whole)
    assert "### turns, reconstructed from K keyframes" in markdown
    assert "Means over 7 episodes." in markdown
    assert "The true events, 3.0 an episode: " in markdown


def test_the_figure(whole: Result, tmp_path: Path) -> None:
    file = tmp_path / "reconstruction.png"
    picture.draw(file, whole)
    with Image.open(file) as image:
        assert image.format == "PNG"
        assert min(image.size) > 300
    by = {line.method: picture.points(line) for line in whole.reconstructions}
    assert by["none"].shape == (0, 5)  # its axis has no place for no keyframes
    assert by["fewer"][:, 0].tolist() == [1, 3, 7, 15]
    assert by["uniform"][:, 2:].tolist() == [[0, 0, 0]] * 5
    picture.draw(file, whole.model_copy(update={"reconstructions": []}))
    assert not file.exists()


def test_psnr_counts_all_frames_of_an_episode() -> None:
    """Also those that are given, whose error is 0."""
    frames = np.zeros((20, 2, 2, 3), np.uint8)
    frames[1:-1] = 255
    error = blend.error(blend.segment_errors(blend.inner_products(frames)), [])
    assert blend.psnr(error, frames.size) == pytest.approx(-10 * np.log10(18 / 20))
