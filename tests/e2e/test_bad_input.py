"""Whatever is wrong with the input: one clear line on stderr with the next step, the right exit code, nothing finished lost."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zarr
from processes import DATA, RECIPE, RUN, Keyin, complaint
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

WEIGHTS = RUN / "keyin" / "weights.safetensors"


# ---------------------------------------------------------------- datasets


@pytest.mark.parametrize(
    ("overrides", "parts"),
    [
        (("size=24", "speed=1"), ("small.zarr has frames of 24x24x1, the recipe expects 32x32x1", "use another dataset")),
        (("frames=20",), ("small.zarr has sequences of 20 frames, the recipe expects 35", "use another dataset")),
        (("split.val=0",), ("small.zarr has no sequences in its val split", "--split")),
    ],
    ids=["shape", "length", "empty split"],
)
def test_a_dataset_that_does_not_fit(
    overrides: tuple[str, ...], parts: tuple[str, ...], here: Keyin, tiny: Path, tmp_path: Path
) -> None:
    keys = [word for override in overrides for word in ("--set", override)]
    data = tmp_path / "small.zarr"
    assert here("gen-data", "brownian", "--n", "60", *keys, "--out", data, cwd=tmp_path).returncode == 0
    complaint(here("eval-f1", "--ckpt", RUN, "--data", data, "--split", "val", cwd=tiny), *parts)


def test_a_truncated_shard_is_named_and_rebuilt(here: Keyin, tiny: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(tiny / DATA, tmp_path / "cut.zarr"))
    for shard in (data / "frames/c/1/0/0/0/0", data / "states/c/2/0/0"):
        os.truncate(shard, 700)
    parts = (
        "frames/c/1/0/0/0/0 is truncated or missing",
        "give `keyin gen-data` the options or recipe that cut.zarr was made with",
    )
    complaint(here("eval-f1", "--ckpt", RUN, "--data", data, cwd=tiny), *parts)
    made = here("gen-data", "tiny/brownian", "--out", data, "--json", cwd=tmp_path)
    assert f"{data}: 1 of 3 shards are there, continuing" in made.stderr
    assert json.loads(made.stdout)["sha256"] == zarr.open_group(tiny / DATA, mode="r").attrs["sha256"]


def flip(file: Path) -> None:
    """Change one byte in the middle of a file."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    file.write_bytes(content)


def test_a_changed_byte_is_found(here: Keyin, tiny: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(tiny / DATA, tmp_path / "changed.zarr"))
    flip(data / "frames/c/0/0/0/0/0")
    complaint(here("info", data, "--verify", cwd=tmp_path), "changed.zarr", "`keyin gen-data`")
    run = Path(shutil.copytree(tiny / RUN / "keyin", tmp_path / "keyin"))
    flip(run / "weights.safetensors")
    again = "make it again with the command that made it, and --overwrite"  # never that command: the file may be a stranger's
    complaint(here("info", run, "--verify", cwd=tmp_path), "does not match its checksums", again)


def test_what_a_stranger_says_does_nothing_to_a_terminal(here: Keyin, tmp_path: Path) -> None:
    """…such as giving it another title, which no library takes out on the way, unlike colours."""
    said = "\x1b]0;title\x07"
    group = zarr.create_group(tmp_path / f"{said}.zarr", attributes={"sha256": said, "manifest": {"command": said}})
    group.create_array("frames", data=np.ones((2, 6, 4, 4, 1), np.uint8))
    done = here("info", f"{said}.zarr", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.replace("\n", "").isprintable()
    assert done.stdout.count(r"\x1b]0;title\x07") == 3


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (
            ("eval-f1", "--ckpt", RUN, "--data", "none.zarr"),
            ("no dataset at none.zarr", "`keyin gen-data brownian --out none.zarr`"),
        ),
        (("eval-f1", "--ckpt", RUN, "--data", RUN), (f"{RUN} is not a dataset", "frames (n,T,H,W,C) uint8")),
        (("gen-data", "brownian", "--out", DATA), (f"{DATA} was made with another recipe (n: 2400 -> 50000)", "--overwrite")),
        (("gen-data", "brownian", "--out", RUN), (f"{RUN} was not made by keyin gen-data", "left alone")),
        (("gen-data", "brownain"), ("no recipe brownain", "did you mean recipes/brownian.yaml?")),
        (("gen-data", "brownian", "--set", "spede=1"), ("spede: unknown key; did you mean speed?",)),
        (("info", "nowhere"), ("nothing at nowhere",)),
    ],
)
def test_a_wrong_path(args: tuple[str | Path, ...], parts: tuple[str, ...], here: Keyin, tiny: Path) -> None:
    complaint(here(*args, cwd=tiny), *parts)


def test_a_dataset_smaller_than_its_splits(here: Keyin, tmp_path: Path) -> None:
    """All three sequences are in the training split: an array of zeros, which Zarr does not store on its own."""
    done = here("gen-data", "brownian", "--n", "3", "--out", "few.zarr", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "train 3, val 0, test 0" in here("info", "few.zarr", "--verify", cwd=tmp_path).stdout


# ---------------------------------------------------------------- checkpoints


def of_another_model(source: Path, target: Path) -> None:
    with safe_open(source, framework="np") as file:
        metadata = json.loads(file.metadata()["keyin"])
    metadata["recipe"]["model"]["lstm"]["units"] += 1
    save_file(load_file(source), target, {"keyin": json.dumps(metadata)})


def foreign(_: Path, target: Path) -> None:
    save_file({"weight": np.zeros(3, np.float32)}, target)


def truncated(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes()[:-100])


def no_safetensors(_: Path, target: Path) -> None:
    target.write_bytes(b"\x80\x04 a pickle, perhaps")


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (of_another_model, ("belongs to another model", "size mismatch", "use the recipe it was trained with")),
        (foreign, ("holds the weights of another program", "`keyin train`")),
        (truncated, ("is damaged or no safetensors file", "--overwrite")),
        (no_safetensors, ("is damaged or no safetensors file", "--overwrite")),
    ],
)
def test_a_wrong_weights_file(
    make: Callable[[Path, Path], None], parts: tuple[str, ...], here: Keyin, tiny: Path, tmp_path: Path
) -> None:
    file = tmp_path / "weights.safetensors"
    make(tiny / WEIGHTS, file)
    complaint(here("eval-f1", "--ckpt", file, cwd=tiny), str(file), *parts)


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (("--ckpt", "nowhere"), ("no weights at nowhere", "`keyin train recipes/brownian.yaml`")),
        (
            ("--ckpt", RUN, "--selector", "oracle"),
            ("no selector oracle", "keyin, keyin+refine, keyin-search, search"),
        ),
        (
            ("--ckpt", RUN / "interpolator", "--selector", "keyin"),
            ("keyin needs a checkpoint of `keyin train`", "--selector search"),
        ),
        (("--ckpt", RUN, "--set", "discovry.price=3"), ("discovry.price: unknown key; did you mean discovery.price?",)),
    ],
)
def test_a_wrong_evaluation(args: tuple[str | Path, ...], parts: tuple[str, ...], here: Keyin, tiny: Path) -> None:
    complaint(here("eval-f1", *args, cwd=tiny), *parts)


@pytest.mark.parametrize(
    ("override", "change"),
    [("train.lr=0.5", "train.phases.0.lr: 0.001 -> 0.5"), ("pretrain.batch=17", "pretrain.batch: 16 -> 17")],
)
def test_another_recipe_is_not_continued(override: str, change: str, here: Keyin, tiny: Path) -> None:
    before = (tiny / WEIGHTS).read_bytes()
    complaint(here("train", RECIPE, "--set", override, cwd=tiny), f"({change})", "--out", "--overwrite")
    assert (tiny / WEIGHTS).read_bytes() == before


# ---------------------------------------------------------------- failures of the work itself


def test_a_loss_that_is_not_finite(here: Keyin, tiny: Path, tmp_path: Path) -> None:
    keys = ("--set", "pretrain.lr=1e30", "--set", f"data.path={tiny / DATA}")
    done = here("pretrain-interp", RECIPE, *keys, "--out", "run", "--json", cwd=tmp_path)
    complaint(done, "step 2: ", "not finite", "run/interpolator/nan-batch.safetensors", "lower pretrain.lr with --set", code=1)
    batch = load_file(tmp_path / "run/interpolator/nan-batch.safetensors")
    assert batch["start"].shape == (16, 32, 32, 1)
    assert not (tmp_path / "run/interpolator/weights.safetensors").exists()


@pytest.mark.parametrize("command", ["gen-data", "pretrain-interp"])
@pytest.mark.parametrize("writes", [0, 3], ids=["at once", "later"])
def test_a_full_disk(command: str, writes: int, here: Keyin, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = {
        "gen-data": ["brownian", "--n", "1200", "--workers", "1", "--out", "data.zarr"],
        "pretrain-interp": [RECIPE, "--set", f"data.path={tiny / DATA}", "--set", "pretrain.steps=4"],
    }[command]
    left, sync = [writes], os.fsync

    def fsync(handle: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        full = here(command, *arguments, cwd=tmp_path)
    complaint(full, "the disk is full while writing", "free space and run the same command again", code=1)
    again = here(command, *arguments, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
