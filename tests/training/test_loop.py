"""The loop on a toy stage: the same figures whether it was interrupted or not, and what a run leaves behind."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from keyin_cli import storage
from keyin_cli.errors import InputError, Interrupted, RunError
from keyin_cli.methods.registry import stage
from keyin_cli.model.weights import read_weights
from keyin_cli.recipe import check
from keyin_cli.training import loop
from keyin_cli.training.step import NAN_BATCH, rate

RECIPE = check(
    {"name": "toy"},
    [f"pretrain.{key}" for key in ("steps=30", "checkpoint_every=10", "log_every=5", "validate_every=10")],
)
PART = stage("interpolator").part(RECIPE)
INPUTS = {"dataset": {"path": "somewhere", "sha256": "abc"}}
CPU = torch.device("cpu")


SECOND = check({"name": "toy"}, ["pretrain.steps=15", "pretrain.lr=0.01", "pretrain.decay=0"]).pretrain


class Toy:
    """Linear regression; `at` maps a step to something that happens to its batch, which is made ahead, `during` to something that
    happens while it is computed."""

    name, section, recipe, schedule, records = "interpolator", "pretrain", RECIPE, RECIPE.pretrain, RECIPE.pretrain

    def __init__(self, at: dict[int, Any] | None = None, during: dict[int, Any] | None = None) -> None:
        torch.manual_seed(0)
        self.model, self.at, self.during = nn.Linear(3, 1), at or {}, during or {}

    def batch(self, step: int, split: str = "train") -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(step if split == "train" else 10_000 + step)
        batch = {"x": torch.randn(8, 3, generator=generator), "step": torch.full((8,), step)}
        if split == "train":
            self.at.get(step, lambda batch: None)(batch)
        return batch

    def terms(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        self.during.get(int(batch["step"][0]), lambda: None)()
        errors = self.model(batch["x"]) - batch["x"].sum(1, keepdim=True)
        return {"sequence": errors.square().mean(), "reported": torch.tensor(5.0)}

    def weights(self, step: int) -> dict[str, float]:
        return {"sequence": 1.0}

    def begin(self) -> None:
        pass

    def counts(self, batch: dict[str, Tensor]) -> dict[str, int]:
        return {}


def die(batch: dict[str, Tensor]) -> None:
    raise MemoryError("killed")


def test_interrupted_equals_uninterrupted(tmp_path: Path) -> None:
    whole = loop.fit([Toy()], tmp_path / "whole", PART, INPUTS, CPU)
    with pytest.raises(MemoryError):
        loop.fit([Toy({24: die})], tmp_path / "killed", PART, INPUTS, CPU)
    assert (tmp_path / "killed" / "checkpoints" / "latest").read_text() == "step-000000020"
    resumed = loop.fit([Toy()], tmp_path / "killed", PART, INPUTS, CPU)
    assert resumed["weights_sha256"] == whole["weights_sha256"]
    assert resumed["metrics"] == whole["metrics"]
    rows = [storage.read_lines(tmp_path / run / "metrics.jsonl") for run in ("whole", "killed")]
    for row in (row for run in rows for row in run):
        assert 0 <= row.pop("waiting") <= 1
    assert rows[0] == rows[1]
    assert [row["step"] for row in rows[0]] == list(range(5, 31, 5))


@pytest.mark.parametrize(("number", "step"), [(signal.SIGINT, 14), (signal.SIGTERM, 14), (signal.SIGHUP, 30)])
def test_signals_save_and_stop(tmp_path: Path, number: int, step: int) -> None:
    """…in the last step, too: else what stands on it would begin."""
    before = signal.getsignal(number)
    with pytest.raises(Interrupted, match=rf"stopped at step {step} of 30, saved in .*: run the same command"):
        loop.fit([Toy(during={step - 1: lambda: os.kill(os.getpid(), number)})], tmp_path / "run", PART, INPUTS, CPU)
    assert signal.getsignal(number) == before
    resumed = loop.fit([Toy()], tmp_path / "run", PART, INPUTS, CPU)
    assert resumed["weights_sha256"] == loop.fit([Toy()], tmp_path / "whole", PART, INPUTS, CPU)["weights_sha256"]


def test_nan_saves_the_batch_and_stops_with_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        loop.fit([Toy({13: lambda batch: batch["x"].fill_(torch.nan)})], tmp_path, PART, INPUTS, CPU)
    assert str(caught.value).startswith("step 14: sequence not finite; the batch is in ")
    assert "lower pretrain.lr" in str(caught.value)
    from safetensors.torch import load_file

    assert load_file(tmp_path / NAN_BATCH)["x"].isnan().all()
    (tmp_path / "usual").touch()
    assert (tmp_path / NAN_BATCH).stat().st_mode == (tmp_path / "usual").stat().st_mode
    assert (tmp_path / "checkpoints" / "latest").read_text() == "step-000000010"


def test_the_loss_falls_and_the_manifest_tells(tmp_path: Path) -> None:
    manifest = loop.fit([Toy()], tmp_path, PART, INPUTS, CPU)
    rows = storage.read_lines(tmp_path / "metrics.jsonl")
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert rows[-1]["reported"] == 5
    assert rows[-1]["loss"] == rows[-1]["sequence"]
    on_disk = json.loads((tmp_path / "manifest.json").read_text())
    assert on_disk == manifest
    wanted = {"recipe", "recipe_sha256", "command", "git", "versions", "device", "inputs", "seconds", "waiting"}
    assert wanted | {"peak_memory_bytes"} <= set(on_disk)
    assert loop.verify_weights(tmp_path)
    assert not (tmp_path / "checkpoints").exists()
    torch.testing.assert_close(read_weights(tmp_path / "weights.safetensors")[0]["weight"].shape, (1, 3))


def test_a_run_of_another_recipe_or_other_data_is_refused(tmp_path: Path) -> None:
    loop.fit([Toy()], tmp_path, PART, INPUTS, CPU)
    part = PART
    assert loop.finished(tmp_path, part, INPUTS) is not None
    assert loop.finished(tmp_path / "none", part, INPUTS) is None
    changed = stage("interpolator").part(check({"name": "toy"}, ["pretrain.steps=30", "pretrain.lr=0.5"]))
    with pytest.raises(InputError, match=r"pretrain.lr: 0.001 -> 0.5"):
        loop.finished(tmp_path, changed, INPUTS)
    with pytest.raises(InputError, match=r"inputs.dataset: abc -> other"):
        loop.finished(tmp_path, part, {"dataset": {"path": "elsewhere", "sha256": "other"}})
    moved = {"dataset": {"path": "elsewhere", "sha256": "abc"}}
    assert loop.finished(tmp_path, part, moved) is not None


def test_damaged_weights_are_not_taken_for_trained(tmp_path: Path) -> None:
    loop.fit([Toy()], tmp_path, PART, INPUTS, CPU)
    file = tmp_path / "weights.safetensors"
    whole = file.read_bytes()
    for damaged in (whole[:-1] + bytes([whole[-1] ^ 1]), whole.replace(b"toy", b"boy"), whole[:-4]):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match=r"weights.safetensors is damaged"):
            loop.finished(tmp_path, PART, INPUTS)
    file.unlink()
    with pytest.raises(InputError, match=r"no such file"):
        loop.finished(tmp_path, PART, INPUTS)
    file.write_bytes(whole)
    assert loop.finished(tmp_path, PART, INPUTS) is not None


def stopped(run: Path) -> Path:
    """The folder of the checkpoint of a run that was killed after step 20 of 30."""
    with pytest.raises(MemoryError):
        loop.fit([Toy({25: die})], run, PART, INPUTS, CPU)
    return run / "checkpoints" / "step-000000020"


def test_a_run_does_not_start_over_in_silence(tmp_path: Path) -> None:
    folder = stopped(tmp_path)
    (folder.parent / "latest").unlink()
    seen: list[int] = []
    loop.fit([Toy({step: lambda batch: seen.append(int(batch["step"][0])) for step in range(30)})], tmp_path, PART, INPUTS, CPU)
    assert min(seen) == 20


def test_a_checkpoint_of_a_step_after_the_last_finishes_nothing(tmp_path: Path) -> None:
    folder = stopped(tmp_path)
    state = json.loads((folder / "state.json").read_text())
    (folder / "state.json").write_text(json.dumps(state | {"step": 999_999_999}))
    folder.rename(folder.with_name("step-999999999"))
    (folder.parent / "latest").write_text("step-999999999")
    with pytest.raises(InputError, match="is of a step after the last, 30"):
        loop.fit([Toy()], tmp_path, PART, INPUTS, CPU)
    assert "weights_sha256" not in storage.read_manifest(tmp_path)


def test_damaged_metrics_are_not_continued(tmp_path: Path) -> None:
    stopped(tmp_path)
    rows = storage.read_metrics(tmp_path)
    storage.write_lines(tmp_path / "metrics.jsonl", [*rows, rows[-1]])
    with pytest.raises(InputError, match="steps do not increase"):
        loop.fit([Toy()], tmp_path, PART, INPUTS, CPU)


def test_the_manifest_is_there_before_all_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a kill leaves no directory that is nobody's."""

    def killed(*_: object) -> None:
        raise MemoryError("killed")

    monkeypatch.setattr(storage, "write_lines", killed)
    with pytest.raises(MemoryError):
        loop.fit([Toy()], tmp_path / "run", PART, INPUTS, CPU)
    storage.remove_ours(tmp_path / "run", loop.KIND, stage="interpolator")
    assert not (tmp_path / "run").exists()


def test_manifests_of_any_shape_differ(tmp_path: Path) -> None:
    manifest = loop.fit([Toy()], tmp_path, PART, INPUTS, CPU)
    for part in (
        {},
        {"train": 3},
        {"discovery": []},
        {"discovery": {"earlier": "x"}},
        {"train": {"phases": [1]}},
        {"a" * 5000: 1},
    ):
        storage.write_json(tmp_path / "manifest.json", manifest | {"part": part})
        with pytest.raises(InputError, match="was trained differently") as error:
            loop.finished(tmp_path, PART, INPUTS)
        assert len(str(error.value)) < 2000


class Second(Toy):
    """A phase after `Toy`, on the same model, with a schedule of its own; it trains the bias alone."""

    schedule = SECOND

    def __init__(self, first: Toy, at: dict[int, Any] | None = None, during: dict[int, Any] | None = None) -> None:
        self.model, self.at, self.during = first.model, at or {}, during or {}

    def begin(self) -> None:
        self.model.weight.requires_grad_(False)


def two(at: dict[int, Any] | None = None, during: dict[int, Any] | None = None) -> list[Toy]:
    """Two phases; what is to happen, by the step of both together."""
    happens = [
        [{step - before: what for step, what in (each or {}).items() if step >= before} for each in (at, during)]
        for before in (0, 30)
    ]
    first = Toy(*happens[0])
    return [first, Second(first, *happens[1])]


@pytest.fixture(scope="module")
def whole_of_two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("two")
    loop.fit(two(), run, PART, INPUTS, CPU)
    return run


def test_phases_follow_each_other_with_an_optimizer_each(whole_of_two: Path, tmp_path: Path) -> None:
    rows = storage.read_lines(whole_of_two / "metrics.jsonl")
    assert [row["step"] for row in rows] == list(range(5, 46, 5))
    assert [row["phase"] for row in rows] == [0] * 6 + [1] * 3
    assert [row["lr"] for row in rows[-3:]] == [0.01] * 3
    assert all("val/sequence" in row for row in rows if row["step"] in (30, 45))
    assert storage.read_manifest(whole_of_two)["sequences"] == (30 + 15) * RECIPE.pretrain.batch
    loop.fit([Toy()], tmp_path, PART, INPUTS, CPU)
    first, both = (read_weights(run / "weights.safetensors")[0] for run in (tmp_path, whole_of_two))
    assert torch.equal(first["weight"], both["weight"])  # frozen in the second phase
    assert not torch.equal(first["bias"], both["bias"])


@pytest.mark.parametrize("step", [29, 30, 31, 40, 44])
def test_interrupted_in_any_phase_equals_uninterrupted(step: int, whole_of_two: Path, tmp_path: Path) -> None:
    """At the last step of the first phase too, and at the first of the second; at the last of all nothing is left to do."""
    stop = {step: lambda: os.kill(os.getpid(), signal.SIGINT)}
    if step < 44:
        with pytest.raises(Interrupted, match=f"stopped at step {step + 1} of 45"):
            loop.fit(two(during=stop), tmp_path, PART, INPUTS, CPU)
    loop.fit(two(), tmp_path, PART, INPUTS, CPU)
    assert rows_of(tmp_path) == rows_of(whole_of_two)
    manifests = [storage.read_manifest(run) for run in (tmp_path, whole_of_two)]
    assert manifests[0]["weights_sha256"] == manifests[1]["weights_sha256"]


def test_killed_before_the_weights_were_written_it_has_its_model(whole_of_two: Path, tmp_path: Path) -> None:
    """All steps are done, and only the latest checkpoint knows what they led to."""

    def kill(*_: object) -> None:
        raise MemoryError("killed")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "save_weights", kill)
        with pytest.raises(MemoryError):
            loop.fit(two(), tmp_path, PART, INPUTS, CPU)
    manifest = loop.fit(two(), tmp_path, PART, INPUTS, CPU)
    assert manifest["weights_sha256"] == storage.read_manifest(whole_of_two)["weights_sha256"]


def rows_of(run: Path) -> list[dict[str, Any]]:
    """The metrics without what a clock says."""
    return [
        {name: value for name, value in row.items() if name != "waiting"} for row in storage.read_lines(run / "metrics.jsonl")
    ]


def test_the_rate_is_constant_then_falls_to_zero() -> None:
    schedule = check({"name": "toy"}, ["pretrain.steps=100", "pretrain.decay=0.2", "pretrain.lr=1.0"]).pretrain
    assert [rate(schedule, step) for step in (0, 80, 90, 99)] == pytest.approx([1, 1, 0.5, 0.05])
    flat = check({"name": "toy"}, ["pretrain.decay=0"]).pretrain
    assert rate(flat, flat.steps - 1) == flat.lr
