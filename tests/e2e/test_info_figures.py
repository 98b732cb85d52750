"""`keyin info --figures`: statistics, pictures and a video of a dataset, by the real command."""

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import zarr
from PIL import Image
from processes import Keyin, complaint, printed

N = 20
FRAMES = {"pushing": 31, "brownian": 35}
KEYS = {"kind", "path", "recipe", "inputs", "created_by", "verified"}


@pytest.fixture(scope="module")
def data(keyin: Keyin, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with pushing.zarr, brownian.zarr and, as a stranger would make it, own.zarr. Read only."""
    path = tmp_path_factory.mktemp("data")
    for kind in FRAMES:
        done = keyin("gen-data", kind, "--n", str(N), "--workers", "1", "--out", f"{kind}.zarr", cwd=path)
        assert done.returncode == 0, done.stderr
    frames = np.asarray(zarr.open_group(path / "pushing.zarr", mode="r")["frames"][:2, :9, :21, :21])  # odd sizes
    zarr.create_group(path / "own.zarr").create_array("frames", data=frames)
    zarr.create_group(path / "flow.zarr").create_array("frames", data=frames[..., :2])
    zarr.create_group(path / "empty.zarr").create_array("frames", data=frames[:0])
    return path


@pytest.fixture(scope="module")
def drawn(keyin: Keyin, data: Path) -> dict[str, Any]:
    """What the command printed for each kind, run in the directory of the data."""
    results = {}
    for kind in FRAMES:
        results[kind] = printed(keyin("info", f"{kind}.zarr", "--figures", "--json", cwd=data))
    return results


def filmed(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]


@pytest.mark.parametrize("kind", FRAMES)
def test_what_is_printed_and_written(kind: str, data: Path, drawn: dict[str, Any]) -> None:
    result, out = drawn[kind], Path(f"{kind}-figures")
    names = {"statistics.json", "demonstrations.png", "demonstrations.mp4", "histograms.png"}
    names |= {"paths.png"} if kind == "pushing" else set()
    assert set(result) == KEYS | {"statistics", "figures"}
    assert set(result["figures"]) == {str(out / name) for name in names - {"statistics.json"}}
    assert {file.name for file in (data / out).iterdir()} == names
    assert result["statistics"]["sequences"] == N
    assert ("pushing" in result["statistics"]) == (kind == "pushing")
    written = json.loads((data / out / "statistics.json").read_text())
    assert written["statistics"] == result["statistics"]
    assert written["dataset"]["sha256"] == zarr.open_group(data / f"{kind}.zarr", mode="r").attrs["sha256"]
    assert written["dataset"]["recipe"]["kind"] == kind
    assert written["manifest"]["command"] == f"keyin info {kind}.zarr --figures --json"


@pytest.mark.parametrize("kind", FRAMES)
def test_pictures_show_something(kind: str, data: Path, drawn: dict[str, Any]) -> None:
    for picture in drawn[kind]["figures"]:
        if picture.endswith(".png"):
            with Image.open(data / picture) as image:
                low, high = image.convert("L").getextrema()
                assert image.width > 300
                assert image.height > 200
                assert high - low > 100


@pytest.mark.parametrize("kind", FRAMES)
def test_the_film_plays_every_frame(kind: str, data: Path, drawn: dict[str, Any]) -> None:
    frames = filmed(data / f"{kind}-figures" / "demonstrations.mp4")
    assert len(frames) == FRAMES[kind]
    assert all(np.abs(frame.astype(int) - frames[0]).max() > 100 for frame in frames[1:])  # something moves


def test_statistics_of_pushing(data: Path, drawn: dict[str, Any]) -> None:
    counted = drawn["pushing"]["statistics"]["pushing"]
    attempts = np.asarray(zarr.open_group(data / "pushing.zarr", mode="r")["attempts"][:])
    assert counted["success_rate"] == N / attempts.sum()
    assert counted["pushes_per_sequence"] == 6
    assert sum(counted["frames_per_push"][4:7]) == sum(counted["frames_per_push"]) == 6 * N
    assert counted["lengths"]["puck"]["mean"] > counted["lengths"]["shortest"]["mean"] > 0.56  # across the wall at least
    assert counted["straight_line_blocked"] > 0.5


def test_lines_for_a_person_and_another_directory(keyin: Keyin, data: Path, drawn: dict[str, Any], tmp_path: Path) -> None:
    done = keyin("info", data / "pushing.zarr", "--figures", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "pushes      6 per sequence, of 4 to 6 frames" in lines
    assert "statistics: out/statistics.json" in lines
    pictures = {Path(line.removeprefix("picture: ")).name for line in lines if line.startswith("picture: out/")}
    assert pictures == {Path(picture).name for picture in drawn["pushing"]["figures"]}
    for picture in pictures:  # drawn again they are the same
        assert (tmp_path / "out" / picture).read_bytes() == (data / "pushing-figures" / picture).read_bytes()


def test_without_labels_it_is_drawn_all_the_same(keyin: Keyin, data: Path, tmp_path: Path) -> None:
    result = printed(keyin("info", data / "own.zarr", "--figures", "--out", "out", "--json", cwd=tmp_path))
    assert result["figures"] == ["out/demonstrations.png", "out/demonstrations.mp4"]
    assert set(result["statistics"]) == {"sequences", "frames", "splits"}
    assert len(filmed(tmp_path / "out" / "demonstrations.mp4")) == 9


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("own.zarr", "--out", "out"), ("--out", "give --figures too")),
        (("recipes/brownian.yaml", "--figures"), ("--figures draws datasets", "brownian.yaml is a recipe")),
        (("nowhere.zarr", "--figures"), ("nothing at nowhere.zarr",)),
        (("flow.zarr", "--figures"), ("flow.zarr has frames of 2 channels", "1 (grey) or 3 (RGB)")),
        (("empty.zarr", "--figures"), ("empty.zarr has no sequences",)),
    ],
    ids=lambda value: " ".join(value) if value[0].endswith(("zarr", "yaml")) else "",
)
def test_bad_input(arguments: tuple[str, ...], parts: tuple[str, ...], here: Keyin, data: Path) -> None:
    before = set(data.iterdir())
    name, *rest = arguments
    path = Path(__file__).parents[2] / name if name.endswith(".yaml") else name
    complaint(here("info", path, *rest, cwd=data), *parts)
    assert set(data.iterdir()) == before
