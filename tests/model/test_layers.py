import torch

from keyin_cli.model.layers import ProjectedLstm, sine_code
from keyin_cli.recipe import Lstm


def test_repeating_an_input_equals_giving_it_at_every_step() -> None:
    lstm = ProjectedLstm(5, 3, Lstm(layers=2, units=4))
    inputs, state = torch.randn(7, 5), (torch.randn(2, 7, 4), torch.randn(2, 7, 4))
    torch.testing.assert_close(lstm.repeat(inputs, 6, state), lstm(inputs[:, None].expand(-1, 6, -1), state)[0])


def test_sine_code_tells_times_apart() -> None:
    codes = sine_code(torch.arange(31.0), 16, longest=30)
    assert codes.shape == (31, 16)
    distances = torch.cdist(codes, codes) + 10 * torch.eye(31)
    assert distances.min() > 0.3
