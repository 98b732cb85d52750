"""A recurrent network that forgets."""

import torch

from keyin_cli.model.segments.memory import Faded


def test_what_is_masked_is_forgotten_and_says_nothing() -> None:
    torch.manual_seed(0)
    network, inputs = Faded(3, 5), torch.randn(1, 6, 3)
    mask = torch.tensor([[0.0, 0, 0, 1, 1, 1]])
    states = network(inputs, mask)
    assert (states[:, :3] == 0).all()
    torch.testing.assert_close(states[:, 3:], network(inputs[:, 3:], mask[:, 3:]))
