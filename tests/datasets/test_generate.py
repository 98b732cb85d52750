import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from keyin_cli import machine, parallel, storage
from keyin_cli.datasets import generate, store
from keyin_cli.datasets.brownian import BrownianData
from keyin_cli.datasets.own import ZarrData
from keyin_cli.errors import InputError, Interrupted

DATA = BrownianData(n=2100, frames=6)


def test_resumed_equals_uninterrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = generate.generate(DATA, tmp_path / "whole.zarr", workers=1)
    fill = generate._fill

    def stop_at_the_second(data: BrownianData, path: Path, index: int):
        if index == 1:
            raise KeyboardInterrupt
        return fill(data, path, index)

    with monkeypatch.context() as patch:
        patch.setattr(generate, "_fill", stop_at_the_second)
        with pytest.raises(Interrupted, match=r"finished shards of .* are kept: run the same command"):
            generate.generate(DATA, tmp_path / "resumed.zarr", workers=1)
    assert set(store.finished_shards(tmp_path / "resumed.zarr")) == {0}
    with pytest.raises(InputError, match="is unfinished"):
        store.open_dataset(tmp_path / "resumed.zarr")
    resumed = generate.generate(DATA, tmp_path / "resumed.zarr", workers=1)
    assert resumed["sha256"] == whole["sha256"]
    assert resumed["states_sha256"] == whole["states_sha256"]


def test_a_longer_dataset_begins_with_the_shorter(tmp_path: Path) -> None:
    generate.generate(DATA.model_copy(update={"n": 1000}), tmp_path / "short.zarr", workers=1)
    generate.generate(DATA, tmp_path / "long.zarr", workers=1)
    short, long = (store.open_dataset(tmp_path / name).attributes["shards"] for name in ("short.zarr", "long.zarr"))
    assert short[0]["sha256"] == long[0]["sha256"]


def test_no_dask_scheduler_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "DASK_SECONDS", 1)
    with pytest.raises(InputError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1"):
        generate.generate(DATA, tmp_path / "data.zarr", workers=1, dask="tcp://127.0.0.1:1")


def test_another_recipe_is_refused_and_named(tmp_path: Path) -> None:
    generate.generate(DATA, tmp_path / "data.zarr", workers=1)
    with pytest.raises(InputError, match=r"another recipe \(speed: 1.6 -> 1.2\)"):
        generate.generate(DATA.model_copy(update={"speed": 1.2}), tmp_path / "data.zarr", workers=1)
    before = generate.generate(DATA, tmp_path / "data.zarr", workers=1)
    after = generate.generate(DATA.model_copy(update={"speed": 1.2}), tmp_path / "data.zarr", workers=1, overwrite=True)
    assert after["sha256"] != before["sha256"]


def test_something_else_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(InputError, match="was not made by keyin gen-data, it is left alone"):
            generate.generate(DATA, tmp_path / "thesis", workers=1, overwrite=overwrite)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def test_ensure_makes_what_is_missing_and_only_that(tmp_path: Path) -> None:
    data = DATA.model_copy(update={"path": str(tmp_path / "data.zarr")})
    made = generate.ensure(data)
    stamp = (tmp_path / "data.zarr" / "zarr.json").stat().st_mtime_ns
    assert generate.ensure(data).sha256 == made.sha256
    assert (tmp_path / "data.zarr" / "zarr.json").stat().st_mtime_ns == stamp
    with pytest.raises(InputError, match="no dataset at"):
        generate.ensure(ZarrData(kind="zarr", path=str(tmp_path / "none.zarr"), frames=6, height=32, width=32, channels=1))


AGAIN = """
import json, sys
from pathlib import Path
from keyin_cli.datasets.generate import generate
from keyin_cli.datasets.brownian import BrownianData
if __name__ == "__main__":
    print(json.dumps(generate(BrownianData(n=2100, frames=6), Path(sys.argv[1]), workers=1)))
"""


def test_two_commands_at_once_make_one_dataset(tmp_path: Path) -> None:
    """The second waits, then finds everything made."""
    alone = generate.generate(DATA, tmp_path / "alone.zarr", workers=1)
    command = [sys.executable, "-c", AGAIN, str(tmp_path / "both.zarr")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    results = [json.loads(process.communicate()[0]) for process in both]
    assert {result["sha256"] for result in results} == {alone["sha256"]}
    assert sorted(result["sequences_per_second"] > 0 for result in results) == [False, True]
    assert list(store.open_dataset(tmp_path / "both.zarr").verify()) == [True] * 3


def test_who_has_waited_looks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, begun = DATA.model_copy(update={"path": str(tmp_path / "data.zarr")}), []
    locked, fill = storage.locked, generate._fill

    def never(*_: object) -> None:
        raise AssertionError("made again")

    @contextmanager
    def another_first(path: Path) -> Iterator[None]:
        """While this command waits another makes the dataset, then none can be made."""
        if not begun:
            begun.append(path)
            monkeypatch.setattr(generate, "_fill", fill)
            generate.generate(data, path, workers=1)
            monkeypatch.setattr(generate, "_fill", never)
        with locked(path):
            yield

    monkeypatch.setattr(storage, "locked", another_first)
    monkeypatch.setattr(generate, "_fill", never)
    assert generate.ensure(data).n == 2100
    assert begun == [tmp_path / "data.zarr"]
    storage.remove(tmp_path / "data.zarr")
    begun.clear()
    assert generate.generate(data, tmp_path / "data.zarr", workers=1)["sequences_per_second"] == 0
    assert begun == [tmp_path / "data.zarr"]


def test_a_dataset_in_use_is_not_touched(tmp_path: Path) -> None:
    data = DATA.model_copy(update={"path": str(tmp_path / "data.zarr")})
    thread = threading.Thread(target=lambda: holds(tmp_path / "data.zarr", held, done))
    held, done = threading.Event(), threading.Event()
    thread.start()
    held.wait()
    for work in (generate.ensure, lambda data: generate.generate(data, Path(data.path), 1)):
        with storage.waiting(False), pytest.raises(InputError, match=r"data\.zarr is in use by process \d+"):
            work(data)
    assert not (tmp_path / "data.zarr").exists()
    done.set()
    thread.join()
    assert generate.ensure(data).n == 2100
    (tmp_path / ".data.zarr.lock").unlink()
    generate.ensure(data)
    assert not (tmp_path / ".data.zarr.lock").exists()  # what is finished is read without a lock


def holds(path: Path, held: threading.Event, done: threading.Event) -> None:
    with storage.locked(path):
        held.set()
        done.wait()


def test_what_cannot_be_simulated_leaves_everything_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate.generate(DATA, tmp_path / "old.zarr", workers=1)
    before = {path.name for path in tmp_path.iterdir()}

    def fail(*_: object) -> None:
        raise InputError("nothing to draw with")

    monkeypatch.setattr(generate, "arrays", fail)
    for name in ("new.zarr", "old.zarr"):
        with pytest.raises(InputError, match="nothing to draw with"):
            generate.generate(DATA, tmp_path / name, workers=1, overwrite=True)
    assert {path.name for path in tmp_path.iterdir()} == before
    assert store.open_dataset(tmp_path / "old.zarr").n == 2100


def test_the_manifest_records_time_and_memory(tmp_path: Path) -> None:
    generate.generate(DATA, tmp_path / "data.zarr", workers=1)
    manifest = store.open_dataset(tmp_path / "data.zarr").attributes["manifest"]
    assert manifest["wall_seconds"] > 0
    assert 50e6 < manifest["peak_memory_bytes"] < 4e9


def test_the_memory_of_this_process_is_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "peak_memory", lambda: 7)
    assert generate.generate(DATA, tmp_path / "data.zarr", workers=1)["peak_memory_bytes"] == 7
