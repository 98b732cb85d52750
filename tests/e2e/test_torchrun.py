"""Two processes that torchrun starts train what one process does on the same batches."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from processes import RUN, Keyin
from safetensors.numpy import load_file

KEYS = ["device=cpu", "data.n=120", "model.interpolator={kind: stochastic, latent: 3}", "train.objective=search"]
KEYS += [f"{stage}.{key}" for stage in ("pretrain", "train") for key in ("log_every=1", "batch=7", "checkpoint_every=2")]
KEYS += ["pretrain.steps=30", "train.steps=6"]  # stage 1 is long enough to be stopped in
TRAIN = ["train", "tiny/brownian", "--json", *(word for key in KEYS for word in ("--set", key))]


def torchrun(cwd: Path, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "keyin_cli", *args],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def metrics(run: Path, stage: str) -> list[Any]:
    return [json.loads(line) for line in (run / stage / "metrics.jsonl").read_text().splitlines()]


def test_two_processes_train_as_one_and_continue_after_a_signal(keyin: Keyin, tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    for path in (alone, together):
        path.mkdir()
    assert keyin(*TRAIN, cwd=alone).returncode == 0

    stopped = torchrun(together, *TRAIN)
    while not (together / RUN / "interpolator" / "checkpoints" / "latest").is_file():
        assert stopped.poll() is None, stopped.communicate()
        time.sleep(0.001)
    stopped.send_signal(signal.SIGTERM)
    assert stopped.communicate(timeout=300)[0] == ""
    assert (together / RUN / "interpolator" / "checkpoints" / "latest").is_file()

    process = torchrun(together, *TRAIN)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert json.loads(out)["steps"] == 6  # printed once
    assert err.count("interpolator: continuing from step") == 1
    for stage in ("interpolator", "keyin"):
        rows = [metrics(path / RUN, stage) for path in (alone, together)]
        assert [row["step"] for row in rows[1]] == list(range(1, len(rows[0]) + 1))
        for one, two in list(zip(*rows, strict=True))[:6]:
            assert one.keys() == two.keys()
            for name in one.keys() - {"waiting"}:
                assert two[name] == pytest.approx(one[name], rel=2e-3, abs=1e-4), (stage, one["step"], name)
        one, two = (load_file(path / RUN / stage / "weights.safetensors") for path in (alone, together))
        assert max(abs(one[name] - two[name]).max() for name in one) < 5e-3
    assert json.loads((together / RUN / "keyin" / "manifest.json").read_text())["device"]["processes"] == 2


def test_other_commands_run_in_one_process(keyin: Keyin, tmp_path: Path) -> None:
    done = keyin("gen-data", "brownian", cwd=tmp_path, RANK="1", WORLD_SIZE="2")
    assert (done.returncode, done.stderr) == (2, "keyin: gen-data runs in one process: start it without torchrun\n")
