"""A copy of a LeRobot dataset with subtasks: what is imported again is what was written, and the original stays as it is."""

import json
import os
from pathlib import Path
from typing import Any

import lerobot_files as files
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lerobot_files import EPISODES, FRONT_IMAGES, MOVIE, TABLE, change, write_dataset

from keyin_cli.datasets.episodes.importing import Settings, import_source
from keyin_cli.datasets.sources.frames import Shape
from keyin_cli.datasets.sources.lerobot import LeRobot
from keyin_cli.discovery.exports import lerobot
from keyin_cli.discovery.exports.folder import export
from keyin_cli.discovery.found import Found, FoundEpisode, write
from keyin_cli.errors import InputError


def found(*keyframes: list[int] | None, **changes: Any) -> Found:
    """Keyframes of episodes 0, 1, …; none of those that are None."""
    each = [FoundEpisode(episode=i, keyframes=at, **changes) for i, at in enumerate(keyframes) if at is not None]
    return Found(episodes=each)


def copied(tmp_path: Path, source: Path, what: Found) -> Path:
    out = tmp_path / "copy"
    out.mkdir(parents=True)
    lerobot.write(what, out, source)
    return out


def labels(root: Path) -> list[list[int] | None]:
    source = LeRobot(root)
    each = [source.labels(episode) for episode in range(len(source.names))]
    return [None if frames is None else frames.tolist() for frames in each]


def content(root: Path) -> dict[str, bytes]:
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}


def test_both_columns_and_the_feature(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "source")
    before = content(source)
    out = copied(tmp_path, source, found([1], None, []))
    assert content(source) == before
    assert content(out).keys() - before.keys() == set(lerobot.PROPORTIONS.values())
    assert (out / MOVIE).read_bytes() == before[MOVIE]
    assert (out / MOVIE).stat().st_ino != (source / MOVIE).stat().st_ino
    info = json.loads((out / "meta/info.json").read_text())
    assert info["features"].pop("language_persistent") == {"dtype": "language", "shape": [1], "names": None}
    assert info == json.loads(before["meta/info.json"])
    table = pq.read_table(out / EPISODES).to_pydict()
    assert table["dense_subtask_names"] == [["segment 1", "segment 2"], None, ["segment 1"]]
    assert table["dense_subtask_start_frames"] == [[0, 2], None, [0]]
    assert table["dense_subtask_end_frames"] == [[1, 4], None, [3]]
    assert table["sparse_subtask_names"] == [["task"], None, ["task"]]
    assert table["sparse_subtask_end_frames"] == [[4], None, [3]]
    np.testing.assert_allclose(table["dense_subtask_start_times"][0], [0, 0.2])
    np.testing.assert_allclose(table["dense_subtask_end_times"][0], [0.1, 0.4])
    rows = pq.read_table(out / TABLE)
    assert rows.drop_columns(["language_persistent"]).equals(pq.read_table(source / TABLE))
    said = rows["language_persistent"].to_pylist()
    entry = {"role": "assistant", "style": "subtask", "camera": None, "tool_calls": None}
    begun = float(np.float32(0.2))  # exactly the time of frame 2, or the subtask would begin one frame late
    expected = [{**entry, "content": "segment 1", "timestamp": 0.0}, {**entry, "content": "segment 2", "timestamp": begun}]
    assert said == [expected] * 5 + [[]] * 7
    share = json.loads((out / lerobot.PROPORTIONS["dense"]).read_text())
    assert share == pytest.approx({"segment 1": 0.7 / 1.3, "segment 2": 0.6 / 1.3})  # of 2/5 and 1, and of 3/5
    assert json.loads((out / lerobot.PROPORTIONS["sparse"]).read_text()) == {"task": 1.0}


@pytest.mark.parametrize("group", [1000, 3, 1])
@pytest.mark.parametrize("without", [[], ["dense_", "sparse_"]])
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.none(), st.sets(st.integers(0, 2)).map(sorted)), min_size=3, max_size=3))
def test_imported_again_it_is_the_same(
    group: int, without: list[str], tmp_path_factory: pytest.TempPathFactory, keyframes: list[list[int] | None]
) -> None:
    path = tmp_path_factory.mktemp("again")
    source = write_dataset(path / "source", cameras=FRONT_IMAGES, group=group)
    out = copied(path, source, found(*keyframes))
    for prefix in without:  # the other column says the same, but for episodes of one segment
        change(out / EPISODES, f"{prefix}subtask_end_frames", None)
    expected = [each and [k for k in each if k < n - 1] for each, n in zip(keyframes, (5, 7, 4), strict=True)]
    assert labels(out) == expected  # what changes in the last frame cannot be seen: no label


@pytest.mark.parametrize("fps", [None, 4.0])
def test_imported_with_its_frames(fps: float | None, tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "source")
    out = copied(tmp_path, source, found([0, 3], [2, 5], [2]))
    made = import_source(out, Settings(Shape(8, 8, fps=fps)), tmp_path / "e.zarr")
    marks = [made.episode(i, "data/source_frame")[made.episode(i, "data/keyframes")].tolist() for i in range(3)]
    # a label between frames that are kept is the next one's, and one behind them nobody's
    kept = [made.episode(i, "data/source_frame").tolist() for i in range(3)]
    rule = [
        [next((k for k in frames if k >= at), None) for at in each]
        for frames, each in zip(kept, [[0, 3], [2, 5], [2]], strict=True)
    ]
    assert marks == [[at for at in each if at is not None] for each in rule]
    if fps is None:
        assert marks == [[0, 3], [2, 5], [2]]
    else:
        assert all(len(frames) < length for frames, length in zip(kept, (5, 7, 4), strict=True))
    assert list(made.verify()) == [True] * 3


def test_subtasks_that_were_there_are_replaced_and_all_else_is_kept(tmp_path: Path) -> None:
    old = {f"{prefix}subtask_{key}": [[1], [2]] for prefix in ("dense_", "sparse_", "") for key in ("start_frames", "end_frames")}
    source = write_dataset(tmp_path / "source", [[4, 5]], FRONT_IMAGES, {**old, "stats/note": [[0.5], [1.5]]})
    change(source / TABLE, "language_persistent", [files.subtasks(0, 0.2)] * 9)
    (source / "meta/temporal_proportions_dense.json").write_text('{"old": 1.0}')
    table = pq.read_table(source / TABLE).replace_schema_metadata({"huggingface": '{"info": {}}', "mine": "x"})
    pq.write_table(table, source / TABLE)
    assert labels(source) == [[1], [2]]
    out = copied(tmp_path, source, found([2]))
    assert labels(out) == [[2], None]
    rows = pq.read_table(out / TABLE)
    assert rows.schema.metadata == {b"huggingface": b'{"info": {}}', b"mine": b"x"}
    assert rows.column_names == table.column_names
    said = rows["language_persistent"].to_pylist()
    assert [entry["content"] for entry in said[0]] == ["segment 1", "stack", "segment 2"]  # by time; the plan is at 0.15
    assert [entry["content"] for entry in said[8]] == ["stack"]
    episodes = pq.read_table(out / EPISODES).to_pydict()
    assert episodes["stats/note"] == [[0.5], [1.5]]
    assert episodes["subtask_end_frames"] == [[3], None]
    assert "old" not in json.loads((out / "meta/temporal_proportions_dense.json").read_text())
    none = tmp_path / "none"
    none.mkdir()
    lerobot.write(Found(episodes=[]), none, source)
    assert labels(none) == [None, None]
    assert not (none / "meta/temporal_proportions_dense.json").exists()


def test_a_tool_call_is_kept(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "source", [[3]], FRONT_IMAGES)
    (plan,) = files.subtasks()
    change(source / TABLE, "language_persistent", [[{**plan, "tool_calls": ['{"say": 1}']}]] * 3)
    once = copied(tmp_path, source, found([0]))
    again = copied(tmp_path / "copy", once, found([1]))  # now the column has lerobot's own type
    said = pq.read_table(again / TABLE)["language_persistent"].to_pylist()[0]
    assert [entry["content"] for entry in said] == ["segment 1", "stack", "segment 2"]
    assert said[1]["tool_calls"] == ['{"say": 1}']
    assert labels(again) == [[1]]


def test_places_in_the_dataset_are_not_its_numbers(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "source", [[3, 4]], FRONT_IMAGES)
    change(source / EPISODES, "episode_index", [7, 2])
    change(source / TABLE, "episode_index", [7] * 3 + [2] * 4)
    assert LeRobot(source).names == ["episode 2", "episode 7"]
    assert labels(copied(tmp_path, source, found([2], [1]))) == [[2], [1]]


def test_large_groups_are_read_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_dataset(tmp_path / "source", group=5)
    monkeypatch.setattr(pq.ParquetFile, "read", None)
    out = copied(tmp_path, source, found([1]))
    assert pq.read_metadata(out / TABLE).num_row_groups == pq.read_metadata(source / TABLE).num_row_groups == 3


def test_files_in_the_cache_of_the_hub_become_files(tmp_path: Path) -> None:
    made = write_dataset(tmp_path / "made")
    root, blobs = tmp_path / "datasets--me--cubes" / "snapshots" / "abc", tmp_path / "datasets--me--cubes" / "blobs"
    blobs.mkdir(parents=True)
    for number, file in enumerate([file for file in made.rglob("*") if file.is_file()]):
        link = root / file.relative_to(made)
        link.parent.mkdir(parents=True, exist_ok=True)
        file.rename(blobs / str(number))
        link.symlink_to(os.path.relpath(blobs / str(number), link.parent))
    (root / ".gitattributes").write_text("of git")
    out = copied(tmp_path, root, found([1]))
    assert not [file for file in out.rglob("*") if file.is_symlink() or file.name == ".gitattributes"]
    assert labels(out) == [[1], None, None]


@pytest.mark.parametrize(
    ("what", "line"),
    [
        (found(None, [5], [3, 4]), "source has 4 frames in episode 2, none is keyframe 4: give the dataset .* with --source"),
        (found(None, None, None, [1]), "source has no episode 3: give the dataset that was imported with --source"),
        (found([1], name="cup"), "source calls episode 0 episode 0, the keyframes cup: give the dataset"),
    ],
)
def test_keyframes_of_another_dataset(what: Found, line: str, tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "source", cameras=FRONT_IMAGES)
    with pytest.raises(InputError, match=line):
        copied(tmp_path, source, what)


def test_what_is_damaged_or_leads_elsewhere(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "source")
    write(tmp_path / "k.json", found([1]).model_copy(update={"source": str(source)}))

    def refused(line: str) -> None:
        with pytest.raises(InputError, match=line) as caught:
            export(tmp_path / "k.json", ["lerobot"], tmp_path / "out")
        assert len(str(caught.value).splitlines()) == 1
        assert {file.name for file in tmp_path.iterdir()} <= {"source", "k.json", ".out.lock", "elsewhere", ".out.holder"}

    (tmp_path / "elsewhere").mkdir()
    (source / "videos/more").symlink_to(tmp_path / "elsewhere")
    refused("more is a link to a folder and is not followed: copy the folder into the dataset")
    (source / "videos/more").unlink()
    (source / "notes.txt").symlink_to("/etc/passwd")
    refused("'notes.txt' is outside the dataset's directory and is not read")
    (source / "notes.txt").unlink()
    files.write_info(source, data_path="../{chunk_index}{file_index}.parquet")
    refused("is outside the dataset's directory")
    files.write_info(source)
    whole = (source / TABLE).read_bytes()
    for damage in (whole[: len(whole) // 2], b""):
        (source / TABLE).write_bytes(damage)
        refused("file-000.parquet cannot be read")
    (source / TABLE).write_bytes(whole)
    change(source / TABLE, "language_persistent", pa.array(["a"] * 12))
    refused("file-000.parquet cannot be read")
    change(source / TABLE, "language_persistent", None)
    export(tmp_path / "k.json", ["lerobot"], tmp_path / "out")
    assert labels(tmp_path / "out/lerobot") == [[1], None, None]


@pytest.mark.parametrize("where", ["source", "source/data", "source/data/new/out", "link/out"])
def test_nothing_is_written_into_the_source(where: str, tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "source", cameras=FRONT_IMAGES)
    (tmp_path / "link").symlink_to("source")
    write(tmp_path / "k.json", found([1]))
    before = content(source)
    with pytest.raises(InputError, match=r"is in .*source, which is left as it is: give another --out"):
        export(tmp_path / "k.json", ["lerobot"], tmp_path / where, overwrite=True, source=source)
    assert content(source) == before  # not even a lock


class KilledError(BaseException):
    """Stands for a kill."""


def test_a_kill_leaves_no_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_dataset(tmp_path / "source")
    write(tmp_path / "k.json", found([1]))

    def kill(*_: Any) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(lerobot, "copy", kill)
        with pytest.raises(KilledError):
            export(tmp_path / "k.json", ["lerobot"], tmp_path / "out", source=source)
    assert not (tmp_path / "out").exists()
    export(tmp_path / "k.json", ["lerobot"], tmp_path / "out", source=source)
    assert labels(tmp_path / "out/lerobot") == [[1], None, None]
