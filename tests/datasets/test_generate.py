from pathlib import Path

import pytest

from keyin_cli import parallel
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


def test_the_manifest_records_time_and_memory(tmp_path: Path) -> None:
    generate.generate(DATA, tmp_path / "data.zarr", workers=1)
    manifest = store.open_dataset(tmp_path / "data.zarr").attributes["manifest"]
    assert manifest["wall_seconds"] > 0
    assert 50e6 < manifest["peak_memory_bytes"] < 4e9
