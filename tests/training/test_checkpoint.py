from pathlib import Path

import torch
from torch import nn

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
    assert load_checkpoint(tmp_path, other) == {"step": 1, "seconds": 2.0}
    load_moments(tmp_path, other_optimizer)
    step(other, other_optimizer)
    torch.testing.assert_close(other.weight, model.weight, rtol=0, atol=0)


def test_only_the_latest_checkpoint_stays_and_half_written_ones_do_not_count(tmp_path: Path) -> None:
    model = nn.Linear(3, 1)
    optimizer = torch.optim.Adam(model.parameters())
    step(model, optimizer)
    assert load_checkpoint(tmp_path, model) == {}
    for number in (1, 2):
        save_checkpoint(tmp_path, number, model, optimizer, {})
    (tmp_path / ".step-000000003.partial").mkdir()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".step-000000003.partial", "latest", "step-000000002"]
    assert load_checkpoint(tmp_path, model)["step"] == 2
