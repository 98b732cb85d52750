import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from keyin_cli.errors import InputError
from keyin_cli.training.checkpoint import load_checkpoint, load_moments, save_checkpoint


def step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    model(torch.ones(2, 3)).square().sum().backward()
    optimizer.step()


def test_a_checkpoint_restores_model_and_moments(tmp_path: Path) -> None:
    model = nn.Linear(3, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    step(model, optimizer)
    save_checkpoint(tmp_path, 1, model, optimizer, {"seconds": 2.0})
    step(model, optimizer)
    other = nn.Linear(3, 1)
    other_optimizer = torch.optim.Adam(other.parameters(), lr=0.1)
    assert load_checkpoint(tmp_path, other, 9) == {"step": 1, "seconds": 2.0}
    load_moments(tmp_path, other_optimizer)
    step(other, other_optimizer)
    torch.testing.assert_close(other.weight, model.weight, rtol=0, atol=0)


def test_only_the_latest_checkpoint_stays_and_half_written_ones_do_not_count(tmp_path: Path) -> None:
    model = nn.Linear(3, 1)
    optimizer = torch.optim.Adam(model.parameters())
    step(model, optimizer)
    assert load_checkpoint(tmp_path, model, 9) == {}
    for number in (1, 2):
        save_checkpoint(tmp_path, number, model, optimizer, {})
    (tmp_path / ".step-000000003.partial").mkdir()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".step-000000003.partial", "latest", "step-000000002"]
    assert load_checkpoint(tmp_path, model, 9)["step"] == 2


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Path, nn.Module, torch.optim.Optimizer]:
    model = nn.Linear(3, 1)
    optimizer = torch.optim.Adam(model.parameters())
    step(model, optimizer)
    save_checkpoint(tmp_path, 5, model, optimizer, {"seconds": 2.0})
    return tmp_path, model, optimizer


def load(saved: tuple[Path, nn.Module, torch.optim.Optimizer], last: int = 9) -> int:
    folder, model, optimizer = saved
    state = load_checkpoint(folder, model, last)
    load_moments(folder, optimizer)
    return int(state.get("step", 0))


def test_without_latest_the_newest_is_continued(saved: tuple[Path, nn.Module, torch.optim.Optimizer]) -> None:
    (saved[0] / "latest").unlink()
    (saved[0] / "step-000000003").mkdir()
    assert load(saved) == 5


@pytest.mark.parametrize("text", ["", "step-000000005\n", "step-000000006", "../elsewhere", "/etc", "\ud800"])
def test_latest_that_names_none_is_no_beginning(text: str, saved: tuple[Path, nn.Module, torch.optim.Optimizer]) -> None:
    (saved[0] / "latest").write_text(text, errors="surrogatepass")
    with pytest.raises(InputError, match="latest names no checkpoint: delete it to continue from the one of the most steps"):
        load(saved)


def test_a_step_after_the_last_finishes_nothing(saved: tuple[Path, nn.Module, torch.optim.Optimizer]) -> None:
    with pytest.raises(InputError, match="is of a step after the last, 4: start again with --overwrite"):
        load(saved, last=4)
    assert load(saved, last=5) == 5


@pytest.mark.parametrize(
    ("key", "value"),
    [("step", 1_000_000_000), ("step", 6), ("step", "5"), ("step", True), ("step", None), ("seconds", -1), ("sha256", [])],
)
def test_a_damaged_state(key: str, value: object, saved: tuple[Path, nn.Module, torch.optim.Optimizer]) -> None:
    file = saved[0] / "step-000000005" / "state.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))
    with pytest.raises(InputError, match=r"checkpoint .*step-000000005.* is damaged"):
        load(saved)


def changed(tensors: dict[str, torch.Tensor]) -> None:
    next(iter(tensors.values())).add_(1)


def renamed(tensors: dict[str, torch.Tensor]) -> None:
    tensors["x.y"] = tensors.pop(sorted(tensors)[0])


def shaped(tensors: dict[str, torch.Tensor]) -> None:
    tensors[sorted(tensors)[0]] = torch.zeros(7)


def less(tensors: dict[str, torch.Tensor]) -> None:
    del tensors[sorted(tensors)[0]]


def not_a_number(tensors: dict[str, torch.Tensor]) -> None:
    tensors[sorted(tensors)[0]].fill_(float("nan"))


@pytest.mark.parametrize("hashes", [True, False], ids=["hashes", "before-hashes"])
@pytest.mark.parametrize("name", ["model", "optimizer"])
@pytest.mark.parametrize("damage", [changed, renamed, shaped, less, not_a_number])
def test_damaged_tensors(
    damage: Callable[[dict[str, torch.Tensor]], None],
    name: str,
    hashes: bool,
    saved: tuple[Path, nn.Module, torch.optim.Optimizer],
) -> None:
    folder = saved[0] / "step-000000005"
    tensors = load_file(folder / f"{name}.safetensors")
    damage(tensors)
    save_file(tensors, folder / f"{name}.safetensors")
    if not hashes:
        state = json.loads((folder / "state.json").read_text())
        del state["sha256"]
        (folder / "state.json").write_text(json.dumps(state))
        if damage is changed:  # which nobody could notice then
            assert load(saved) == 5
            return
    with pytest.raises(InputError, match=r"is damaged|belongs to another model"):
        load(saved)


def test_others_may_read_a_checkpoint(saved: tuple[Path, nn.Module, torch.optim.Optimizer]) -> None:
    files = list((saved[0] / "step-000000005").iterdir())
    assert len({file.stat().st_mode for file in files}) == 1
