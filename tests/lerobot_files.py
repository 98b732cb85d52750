"""A writer of tiny LeRobot v3.0 datasets, with pyarrow and av alone."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

HEIGHT, WIDTH, FPS = 32, 48, 10
DATA = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
EPISODES = "meta/episodes/chunk-000/file-000.parquet"
FRONT = "observation.images.front"
STATE = "observation.state"
FRONT_VIDEO, FRONT_IMAGES = {FRONT: "video"}, {FRONT: "image"}
TABLE, MOVIE = DATA.format(chunk_index=0, file_index=0), VIDEO.format(video_key=FRONT, chunk_index=0, file_index=0)
BOOKKEEPING = {"timestamp": "float32", "frame_index": "int64", "episode_index": "int64", "index": "int64", "task_index": "int64"}


def picture(episode: int, frame: int) -> np.ndarray:
    """A frame (HEIGHT,WIDTH,3): its left half is black, its right half has a colour that says which frame it is."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels[:, WIDTH // 2 :] = 40 + 60 * episode, 30 + 8 * (frame % 26), 120
    return pixels


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def write_dataset(
    root: Path,
    files: Sequence[Sequence[int]] = ((5, 7), (4,)),
    cameras: Mapping[str, str] = FRONT_VIDEO,
    episodes: Mapping[str, Any] | None = None,
    group: int = 1000,
    bf: int = 0,
) -> Path:
    """Write a dataset.

    Args:
        files: lengths of the episodes that are in each file.
        cameras: "video" or "image" by name.
        episodes: further columns of the table of episodes.
        group: rows of a group of the tables of frames.
        bf: how many B-frames the videos have in a row.
    """
    members = [(episode, length) for episode, length in enumerate(length for lengths in files for length in lengths)]
    table: list[dict[str, Any]] = []
    for file, lengths in enumerate(files):
        inside, members = members[: len(lengths)], members[len(lengths) :]
        frames = [(episode, frame) for episode, length in inside for frame in range(length)]
        path = root / DATA.format(chunk_index=0, file_index=file)
        write_table(path, rows(frames, [name for name, kind in cameras.items() if kind == "image"]), group)
        videos = [name for name, kind in cameras.items() if kind == "video"]
        for name in videos:
            video = root / VIDEO.format(video_key=name, chunk_index=0, file_index=file)
            write_video(video, (picture(*frame) for frame in frames), bf)
        begin = 0
        for episode, length in inside:
            table.append({"episode_index": episode, "tasks": ["stack cubes"], "length": length})
            table[-1] |= {"data/chunk_index": 0, "data/file_index": file}
            for name in videos:
                times = {"from_timestamp": begin / FPS, "to_timestamp": (begin + length) / FPS}
                of = {"chunk_index": 0, "file_index": file, **times}
                table[-1] |= {f"videos/{name}/{key}": value for key, value in of.items()}
            begin += length
    columns = {name: [row[name] for row in table] for name in table[0]}
    write_table(root / EPISODES, {**columns, **(episodes or {})})
    write_info(root, cameras)
    return root


def rows(frames: Sequence[tuple[int, int]], images: Iterable[str]) -> dict[str, Any]:
    """The columns of a table of (episode, frame)."""
    return {
        "observation.state": [[float(episode), float(frame)] for episode, frame in frames],
        "next.reward": [frame / 4 for _, frame in frames],
        "timestamp": np.array([frame / FPS for _, frame in frames], dtype=np.float32),
        "frame_index": [frame for _, frame in frames],
        "episode_index": [episode for episode, _ in frames],
        "task_index": [0] * len(frames),
        **{name: [{"bytes": png(picture(*frame)), "path": None} for frame in frames] for name in images},
    }


def write_video(file: Path, frames: Iterable[np.ndarray], bf: int = 0) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(file), "w") as container:
        options = {"crf": "8", "bf": str(bf), "g": "4", "preset": "veryfast", "threads": "1"}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def write_info(root: Path, cameras: Mapping[str, str] = FRONT_VIDEO, **changes: Any) -> None:
    """Write `meta/info.json`; None removes a key."""
    features: dict[str, Any] = {name: {"dtype": dtype, "shape": [1], "names": None} for name, dtype in BOOKKEEPING.items()}
    features["observation.state"] = {"dtype": "float32", "shape": [2], "names": ["episode", "frame"]}
    features["next.reward"] = {"dtype": "float32", "shape": [1], "names": None}
    features["note"] = {"dtype": "string", "shape": [1], "names": None}
    for name, kind in cameras.items():
        features[name] = {"dtype": kind, "shape": [HEIGHT, WIDTH, 3], "names": ["height", "width", "channels"]}
    info = {"codebase_version": "v3.0", "fps": FPS, "features": features, "data_path": DATA, "video_path": VIDEO, **changes}
    (root / "meta" / "info.json").write_text(json.dumps({key: value for key, value in info.items() if value is not None}))


def write_table(file: Path, columns: Mapping[str, Any], group: int = 1000) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(dict(columns)), file, row_group_size=group)


def change(file: Path, name: str, values: Any) -> None:
    """Write a table again with other values of a column; None removes it."""
    table = pq.read_table(file)
    table = table.drop_columns([name]) if name in table.column_names else table
    write_table(file, {**{each: table[each] for each in table.column_names}, **({} if values is None else {name: values})})


def subtasks(*times: float) -> list[dict[str, Any]]:
    """What `language_persistent` has in every row of an episode."""
    other = {"role": "user", "content": "stack", "style": "plan", "timestamp": 0.15, "camera": None, "tool_calls": None}
    return [other, *({**other, "content": f"at {time}", "style": "subtask", "timestamp": time} for time in times)]


def bomb(width: int) -> bytes:
    """A PNG whose header promises more pixels than it has."""
    image = bytearray(png(np.zeros((1, 1), np.uint8)))
    image[16:24] = width.to_bytes(4, "big") * 2
    return bytes(image)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def playlist(file: Path) -> None:
    file.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")


# What is damaged, and what the error line says; None: it can be read.
FEATURES = {name: {"dtype": dtype, "shape": [1]} for name, dtype in BOOKKEEPING.items()}
DAMAGED_INFO = [
    ({"codebase_version": "v2.1"}, r"version 'v2.1', KeyIn reads v3.0: convert a copy of it with .*convert_dataset_v21_to_v30"),
    ({"codebase_version": "v2.0"}, r"v2.0.*first to v2.1 with .* convert_dataset_v20_to_v21 .*convert_dataset_v21_to_v30"),
    ({"codebase_version": "v4.0"}, r"is a LeRobot dataset of version 'v4.0', KeyIn reads v3.0: update KeyIn"),
    ({"codebase_version": None}, r"of version None, KeyIn reads v3.0"),
    ({"codebase_version": ["v3.0"] * 1000}, r"of version \['v3.0', .*, KeyIn reads v3.0"),
    ({"fps": 0}, r"info.json: fps is 0, expected frames a second"),
    ({"fps": float("nan")}, r"fps is nan"),
    ({"fps": "10"}, r"fps is '10'"),
    ({"fps": None}, r"fps is None"),
    ({"features": []}, r"info.json has no dictionary of features"),
    ({"features": {"action": 3}}, r"info.json has no dictionary of features"),
    ({"features": {"a\nb": {}}}, r"the feature 'a\\nb' has characters that no name has"),
    ({"features": FEATURES}, r"has no camera, no feature in meta/info.json is of dtype video or image"),
    ({"features": {"x": {"dtype": ["video"], "shape": 3}}}, r"has no camera"),
    ({"data_path": None}, r"info.json: its data_path is None, which names no file"),
    ({"video_path": None}, r"info.json: its video_path is None, which names no file"),
    ({"data_path": "data/{episode}.parquet"}, r"info.json: its data_path is 'data/\{episode\}.parquet', which names no file"),
    ({"data_path": "data/{chunk_index:99999999999}"}, r"its data_path is .*, which names no file"),
    ({"data_path": "data/{chunk_index.__class__}"}, r"its data_path is .*, which names no file"),
    ({"data_path": "data/\0"}, r"has no file 'data/\\x00': the dataset is incomplete"),
    ({"data_path": "d" * 5000}, r"has no file 'ddd.*: the dataset is incomplete"),
    ({"data_path": "\ud800"}, r"has no file '\\ud800': the dataset is incomplete"),
    ({"data_path": "data/\n.parquet"}, r"has no file 'data/\\n.parquet': the dataset is incomplete"),
    ({"data_path": "data"}, r"has no file 'data': the dataset is incomplete"),
    ({"data_path": "../../x.parquet"}, r"'../../x.parquet' is outside the dataset's directory and is not read"),
    ({"video_path": "/etc/passwd"}, r"'/etc/passwd' is outside the dataset's directory and is not read"),
]
DAMAGED_EPISODES = [
    ("episode_index", None, r"has 0 columns episode_index, expected one"),
    ("episode_index", [0.0, 1.0], r"column episode_index is float64, expected integers"),
    ("episode_index", ["a", "b"], r"column episode_index is string, expected 1 numbers in every row"),
    ("episode_index", [0, None], r"column episode_index is int64, expected 1 numbers in every row"),
    ("episode_index", [0, 0], r"has an episode twice, or with a negative number"),
    ("episode_index", [-1, 0], r"has an episode twice, or with a negative number"),
    ("length", None, r"episode 0 of .*: length is None in meta/episodes, expected an integer from 0"),
    ("length", [-1, 3], r"length is -1 in meta/episodes"),
    ("length", [10**12, 3], r"episode 0 of .* has 2 rows in .*, expected its length 1000000000000"),
    ("length", [1, 3], r"has more than 1 rows in .*, expected its length 1"),
    ("data/file_index", [10**12, 0], r"has no file 'data/chunk-000/file-1000000000000.parquet': the dataset is incomplete"),
    ("data/file_index", ["../../x", "0"], r"data/file_index is '../../x' in meta/episodes"),
    (f"videos/{FRONT}/file_index", None, r"videos/observation.images.front/file_index is None in meta/episodes"),
    (f"videos/{FRONT}/from_timestamp", [float("nan"), 0.2], r"from_timestamp is nan in meta/episodes, expected seconds"),
    (f"videos/{FRONT}/from_timestamp", [1e300, 0.2], r"from_timestamp is 1e\+300 in meta/episodes, expected seconds"),
    (f"videos/{FRONT}/from_timestamp", [1e6, 0.2], r"frame 0 is missing in .*mp4, where it is due at 1000000.000 s"),
    (f"videos/{FRONT}/from_timestamp", [-1.0, 0.2], r"from_timestamp is -1.0 in meta/episodes"),
    (f"videos/{FRONT}/from_timestamp", [0.06, 0.2], None),
    (f"videos/{FRONT}/from_timestamp", [0.36, 0.2], r"episode 0 of .*, frame 1 is missing in .*mp4, where it is due at 0.460 s"),
]
DAMAGED_ENDS = [
    ([[-1]], r"episode 0 of .*: ends of subtasks are \[-1\], expected frame numbers"),
    ([[None, 1]], r"ends of subtasks are \[None, 1\]"),
    ([[0.5]], r"ends of subtasks are \[0.5\]"),
    ([[float("nan")]], r"ends of subtasks are \[nan\]"),
    (["all"], r"ends of subtasks are 'all'"),
    ([7], r"ends of subtasks are 7"),
]
DAMAGED_LANGUAGE = [
    (["a"], "cannot be read"),
    (3, "cannot be read"),
    ([{"style": "subtask"}], "cannot be read"),
    ([{"style": "subtask", "timestamp": None}], "cannot be read"),
    ([{"style": "subtask", "timestamp": "early"}], "cannot be read"),
    ([{"style": "subtask", "timestamp": float("nan")}], "column language_persistent has a subtask at no time"),
]
DAMAGED_FRAMES = [
    ("episode_index", None, r"has no column episode_index, which meta/info.json names"),
    ("episode_index", ["0", "0", "0"], r"file-000.parquet cannot be read|column episode_index is string"),
    ("frame_index", None, r"has no column frame_index"),
    ("frame_index", [0, 2, 1], r"episode 0 of .*: frame_index in .* does not count up from 0"),
    ("frame_index", [1, 2, 3], r"does not count up from 0"),
    ("timestamp", [0.0, float("nan"), 0.2], r"episode 0 of .*: timestamp in .* does not increase"),
    ("timestamp", [0.0, 0.4, 0.3], r"timestamp in .* does not increase"),
    ("timestamp", [[0.0], [0.1], [0.2]], None),
    (STATE, None, r"has no column observation.state"),
    (STATE, [[1.0, 2.0], [1.0], [1.0, 2.0]], r"column observation.state is list<.*>, expected 2 numbers in every row"),
    (STATE, [[1.0, 2.0], None, [1.0, 2.0]], r"expected 2 numbers in every row"),
    (STATE, [[1.0, 2.0], [1.0, None], [1.0, 2.0]], r"expected 2 numbers in every row"),
    (STATE, [["a", "b"]] * 3, r"column observation.state is list<.*string>, expected 2 numbers"),
    (STATE, [1.0, 2.0, 3.0], r"column observation.state is double, expected 2 numbers"),
    (STATE, [[1.0, float("nan")]] * 3, r"column observation.state has values that are no numbers"),
    (STATE, [[1.0, 1e300]] * 3, r"column observation.state has values that are no numbers"),
    (STATE, [[1, 2]] * 3, None),
    (STATE, pa.array([[1, 2]] * 3, pa.list_(pa.float64(), 2)), None),
    (FRONT, None, r"has no column observation.images.front"),
    (FRONT, ["a.png"] * 3, r"episode 0 of .*, frame 0: .*parquet has no bytes of an image"),
    (FRONT, [{"bytes": None, "path": "a.png"}] * 3, r"has no bytes of an image"),
    (FRONT, [png(picture(0, frame)) for frame in range(3)], None),
    (FRONT, [png(picture(0, 0))[:80]] * 3, r"frame 0: the image in .*parquet cannot be read"),
    (FRONT, [b""] * 3, r"frame 0: the image in .*parquet cannot be read"),
    (FRONT, [png(np.zeros((4, 4), np.uint16))] * 3, r"cannot be read \(mode I;16, more than 8 bits\)"),
    (FRONT, [png(np.zeros((1, 8193), np.uint8))] * 3, r"frame 0 has frames of 1x8193 px, at most 8192x8192 are read"),
    (
        FRONT,
        [png(picture(0, 0)), png(picture(0, 0)[:4]), b""],
        r"frame 1 is \(4, 48, 3\), the frames before are \(32, 48, 3\)",
    ),
]
