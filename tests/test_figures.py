from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from keyin_cli import figures
from keyin_cli.colours import BLUE, GREEN, GREY, PINK, RED
from keyin_cli.datasets.pushing import segment
from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS
from keyin_cli.figures import Example, framed, overlay
from keyin_cli.methods.registry import colours

COLOURS = colours()


def example(channels: int, labels: bool = True) -> Example:
    rng = np.random.default_rng(0)
    truth, predicted = (rng.integers(0, 256, (6, 8, 10, channels), dtype=np.uint8) for _ in range(2))
    times = np.array([0, 1, 0, 0, 1, 0], bool)
    return Example(truth, predicted, times if labels else None, np.roll(times, 1))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("labels", [True, False])
def test_pictures_open_and_hold_what_they_say(tmp_path: Path, channels: int, labels: bool) -> None:
    shown = [example(channels, labels)] * 2
    figures.frame_strip(tmp_path / "strip.png", shown, "keyin")
    figures.trajectories(tmp_path / "all.png", shown, "keyin")
    figures.animation(tmp_path / "video.gif", shown)
    for name in ("strip.png", "all.png"):
        with Image.open(tmp_path / name) as image:
            assert image.format == "PNG"
            assert min(image.size) > 200
    with Image.open(tmp_path / "video.gif") as video:
        assert (video.format, video.n_frames) == ("GIF", 6)
        assert video.size == (2 * (10 + 4) * 4, 2 * (8 + 4) * 4)


def test_a_border_leaves_the_frame_as_it_is() -> None:
    frame = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)
    bordered = framed(frame, RED)
    np.testing.assert_array_equal(bordered[2:-2, 2:-2], np.repeat(frame, 3, axis=2))
    assert tuple(bordered[0, 0]) == tuple(bordered[-1, -1]) == RED


def test_the_strip_colours_changes_and_keyframes(tmp_path: Path) -> None:
    figures.frame_strip(tmp_path / "strip.png", [example(1)], "keyin")
    with Image.open(tmp_path / "strip.png") as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20)}
    assert {RED, BLUE, GREY} <= colours


def test_whole_sequences_stand_in_rows_of_their_own_colour(tmp_path: Path) -> None:
    shown = example(1)
    rows = [figures.Whole(f"row {colour}", [shown.truth], [shown.detected_times], colour) for colour in (RED, BLUE, GREEN)]
    figures.whole_sequences(tmp_path / "whole.png", rows, "all")
    picture = colours(tmp_path / "whole.png")
    heights = [where(picture, row.colour)[:, 1] for row in rows]
    assert heights[0].max() < heights[1].min() <= heights[1].max() < heights[2].min()


def test_strips_stand_beneath_one_another(tmp_path: Path) -> None:
    shown = example(1)
    rows = [figures.Strip(f"row {colour}", shown.truth, shown.detected_times, colour) for colour in (RED, BLUE, GREEN)]
    figures.strips(tmp_path / "strips.png", [rows, rows], "all")
    picture = colours(tmp_path / "strips.png")
    heights = [where(picture, row.colour)[:, 1] for row in rows]
    middle = picture.shape[0] // 2
    first = [height[height < middle] for height in heights]
    assert first[0].max() < first[1].min()
    assert first[1].max() < first[2].min()
    assert all(len(height) == pytest.approx(2 * len(one), rel=0.1) for height, one in zip(heights, first, strict=True))


def test_overlay_paints_keyframes_on_top() -> None:
    frames = np.zeros((5, 1, 5, 1), np.uint8)
    frames[np.arange(5), 0, np.arange(5)] = 255
    image = overlay(frames, np.array([0, 0, 1, 0, 0], bool), BLUE)
    assert tuple(image[0, 2]) == BLUE
    assert image[0, 1, 0] < image[0, 3, 0]  # brighter with time


# ---------------------------------------------------------------- of a dataset


def colours(path: Path) -> np.ndarray:
    """A picture (H,W,3) without the legend below it."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))[: int(0.92 * image.height)]


def where(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """The pixels (n,2), as (x, y), that have a colour."""
    return np.argwhere((picture == colour).all(axis=-1))[:, ::-1]


def pushed(positions: np.ndarray, size: int = 64) -> np.ndarray:
    """Frames (T,size,size,3) of a puck at positions (T,2) on an empty table."""
    pixel = np.stack(np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5), axis=-1)
    distance = np.linalg.norm(pixel - segment.project(positions, size)[:, None, None], axis=-1)
    inside = distance < PUCK_RADIUS * size / (2 * segment.VIEW)
    return np.where(inside[..., None], (217, 38, 38), (222, 222, 212)).astype(np.uint8)


PATH = np.stack([np.linspace(-0.6, 0.6, 7), np.zeros(7)], axis=-1)
TURNS = np.array([0, 0, 1, 0, 0, 1, 0], bool)


def test_a_demonstration_tells_keyframes_start_and_goal_apart(tmp_path: Path) -> None:
    goal = np.array([0.6, 0.5])
    frames = pushed(PATH)
    frames[:, 4:8] = wall = (64, 64, 77)  # above the puck
    figures.demonstrations(tmp_path / "d.png", frames[None], TURNS[None], goal[None])
    picture = colours(tmp_path / "d.png")
    table = where(picture, (222, 222, 212))
    scale = np.ptp(table[:, 0]) / 1.94  # pixels per table unit
    red, pink, green = (where(picture, colour) for colour in (RED, PINK, GREEN))
    assert np.ptp(green, axis=0) == pytest.approx([0.2 * scale] * 2, abs=5)
    start = pink.mean(axis=0)
    assert (green.mean(axis=0) - start) / scale == pytest.approx([1.2, -0.5], abs=0.02)
    for left, time in ((True, 2), (False, 5)):
        keyframe = red[(red[:, 0] < table[:, 0].mean()) == left].mean(axis=0)
        assert (keyframe - start) / scale == pytest.approx([PATH[time, 0] + 0.6, 0], abs=0.03)
    assert (where(picture, wall)[:, 1].mean() - start[1]) / scale == pytest.approx(2.1 * (6 - 32) / 64, abs=0.02)
    assert len(red) == pytest.approx(2 * len(pink), rel=0.1)  # two keyframes, and nothing else is as red


def test_other_sequences_are_overlaid(tmp_path: Path) -> None:
    frames = np.zeros((2, 5, 8, 8, 1), np.uint8)
    frames[:, np.arange(5), 4, np.arange(5)] = 255
    figures.demonstrations(tmp_path / "d.png", frames, np.array([[0, 0, 1, 0, 0], [0, 1, 0, 1, 0]], bool))
    red = where(colours(tmp_path / "d.png"), RED)
    with Image.open(tmp_path / "d.png") as image:
        left = red[:, 0] < image.width / 2
    assert (~left).sum() == pytest.approx(2 * left.sum(), rel=0.1)


def test_paths_are_to_scale(tmp_path: Path) -> None:
    wall = np.array([0.1, 0.05])
    paths = PATH + np.array([[[0, -0.5]], [[0, 0.5]]])
    scene = figures.Paths("some", paths, np.array([[0.6, 0.5]]), np.array([-0.6, -0.5]), wall)
    figures.puck_paths(tmp_path / "one.png", [scene])
    figures.puck_paths(tmp_path / "two.png", [scene, scene])
    picture = colours(tmp_path / "one.png")
    blue, pink, green = (where(picture, colour) for colour in (BLUE, PINK, GREEN))
    length, thickness = np.ptp(blue, axis=0) + 1
    assert thickness / length == pytest.approx(0.08, abs=0.01)
    assert (np.ptp(pink, axis=0) + 1) / length == pytest.approx([0.2, 0.2], abs=0.01)
    assert (pink.mean(axis=0) - blue.mean(axis=0)) / length == pytest.approx([-0.7, 0.55], abs=0.01)  # y goes down
    assert (green.mean(axis=0) - blue.mean(axis=0)) / length == pytest.approx([0.5, -0.45], abs=0.01)
    assert len(where(colours(tmp_path / "two.png"), BLUE)) == pytest.approx(2 * len(blue), rel=0.05)


def test_histograms_show_shares(tmp_path: Path) -> None:
    counted = {"sequences": 8, "keyframe_times": [0, 2, 4, 0], "frames_between_keyframes": [0, 3, 0, 0]}
    figures.histograms(tmp_path / "h.png", counted)
    picture = colours(tmp_path / "h.png")
    red = where(picture, RED)
    heights = np.bincount(red[red[:, 0] < picture.shape[1] // 2, 0])
    low, high = np.unique(heights[heights > 50])[[0, -1]]
    assert high / low == pytest.approx(2, abs=0.05)
    lengths = {"edges": [1.0, 1.5, 2.0], "shortest": {"counts": [8, 0]}, "puck": {"counts": [2, 6]}}
    figures.histograms(tmp_path / "p.png", counted | {"pushing": {"frames_per_push": [0, 3, 1, 0], "lengths": lengths}})
    wider = colours(tmp_path / "p.png").astype(int)
    assert wider.shape[1] == pytest.approx(1.5 * picture.shape[1], rel=0.01)
    bluish = np.argwhere(wider[..., 2] - wider[..., 0] > 30)  # the shortest paths
    assert bluish[:, 1].min() > wider.shape[1] * 2 / 3


def test_nothing_counted_is_drawn_all_the_same(tmp_path: Path) -> None:
    figures.histograms(tmp_path / "h.png", {"sequences": 3, "keyframe_times": [0] * 4, "frames_between_keyframes": [0] * 4})
    assert not len(where(colours(tmp_path / "h.png"), RED))


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(stream)])


def test_a_film_frames_keyframes_and_rings_goals(tmp_path: Path) -> None:
    frames = np.stack([pushed(PATH), pushed(PATH[::-1])])
    times = np.stack([TURNS, ~TURNS])
    goals = np.array([[0.0, 0.5], [0.0, -0.5]])
    figures.film(tmp_path / "a.mp4", frames, times, goals)
    figures.film(tmp_path / "b.mp4", frames, times, goals)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    film = decoded(tmp_path / "a.mp4").astype(int)
    scale = 1280 // (2 * 68)
    assert film.shape == (7, 68 * scale, 2 * 68 * scale, 3)
    for time in range(7):
        for cell in range(2):
            border = film[time, scale // 2, (68 * cell + 34) * scale]
            assert np.abs(border - (RED if times[cell, time] else GREY)).max() < 12
            puck = np.floor(segment.project(PATH[::-1][time] if cell else PATH[time], 64)).astype(int)
            column, row = (2 + puck) * scale + scale // 2
            assert np.abs(film[time, row, 68 * scale * cell + column] - (217, 38, 38)).max() < 12
    green = film[..., 1] - film[..., 0]
    rings = np.argwhere(green[0] > 25)[:, ::-1] / scale
    for cell in range(2):
        ring = rings[(rings[:, 0] > 68) == bool(cell)]
        assert ring.mean(axis=0) == pytest.approx(segment.project(goals[cell], 64) + np.array([2 + 68 * cell, 2]), abs=0.3)
        assert np.ptp(ring[:, 0]) == pytest.approx(64 * 0.2 / 2.1, abs=0.6)


@pytest.mark.parametrize(("n", "channels", "size"), [(1, 1, (7, 9)), (7, 3, (31, 33)), (2, 1, (1281, 5))])
def test_films_of_any_size_play(n: int, channels: int, size: tuple[int, int], tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (n, 3, *size, channels), dtype=np.uint8)
    figures.film(tmp_path / "film.mp4", frames, np.zeros((n, 3), bool))
    count, height, width, _ = decoded(tmp_path / "film.mp4").shape
    assert count == 3
    rows, columns = -(-n // 6), min(n, 6)
    inner = rows * (size[0] + 4), columns * (size[1] + 4)
    scale = max(1, 1280 // max(inner))
    for side, cells in zip((height, width), inner, strict=True):
        assert side % 2 == 0
        assert side - cells * scale in (0, 1)


# ---------------------------------------------------------------- of training and of studies


def logged(**terms: float) -> list[dict[str, float]]:
    """Rows of a metrics.jsonl of which every second one has validation terms too; they fall with the steps."""
    rows = []
    for step in (10, 20, 30, 40):
        row = {"step": step, **terms}
        rows.append(row | {f"val/{term}": value / step for term, value in terms.items()} if step % 20 == 0 else row)
    return rows


def test_curves_have_a_panel_for_what_was_logged(tmp_path: Path) -> None:
    stage_1 = logged(sequence=9.0, autoencoder=2.0, kl=0.0)
    search = logged(offsets=1.0, keyframes_inside=4.0, sequence=3.0, entropy=1.0)
    soft = logged(keyframes_inside=5.0, sequence=300.0, entropy=2.0)
    figures.curves(tmp_path / "one.png", stage_1, {}, COLOURS)
    figures.curves(tmp_path / "search.png", stage_1, {"keyin": search, "surprise": logged(frames=2.0)}, COLOURS)
    figures.curves(tmp_path / "soft.png", stage_1, {"jumpy": soft}, COLOURS)
    figures.curves(tmp_path / "all.png", stage_1, {"keyin": search, "jumpy": soft}, COLOURS)
    one, learned, softly, every = (colours(tmp_path / f"{name}.png") for name in ("one", "search", "soft", "all"))
    assert learned.shape[1] == pytest.approx(3 * one.shape[1], rel=0.01)  # offsets, keyframes inside
    assert softly.shape[0] > 1.7 * learned.shape[0]  # keyframes inside, sequence, entropy: a second row
    assert every.shape == softly.shape
    stage_1_only = len(where(one, GREEN))
    assert len(where(learned, GREEN)) == pytest.approx(stage_1_only, rel=0.3)
    assert len(where(every, GREEN)) > 1.5 * stage_1_only  # jumpy


def test_robustness_marks_what_was_trained_and_draws_to_scale(tmp_path: Path) -> None:
    keyin = np.array([[1, 0.5, 0.4, 0.6], [2, 0.5, 0.4, 0.6]])
    surprise = np.array([[1, 1.0, 1.0, 1.0], [2, 0, 0, 0]])
    factors = [figures.Factor(f"factor {i}", 1, {"keyin": keyin, "surprise": surprise}) for i in range(3)]
    figures.robustness(tmp_path / "one.png", factors[:1], "F1", COLOURS)
    figures.robustness(tmp_path / "three.png", factors, "F1", COLOURS)
    picture = colours(tmp_path / "one.png")
    blue, red = where(picture, BLUE), where(picture, RED)
    assert np.median(blue[:, 1]) == pytest.approx((red[:, 1].min() + red[:, 1].max()) / 2, abs=3)
    assert red[red[:, 1] < red[:, 1].mean(), 0].mean() < red[red[:, 1] > red[:, 1].mean(), 0].mean()  # it falls
    three = colours(tmp_path / "three.png")
    assert len(where(three, BLUE)) == pytest.approx(3 * len(blue), rel=0.1)
