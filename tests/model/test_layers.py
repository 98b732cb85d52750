import torch
from torch import nn

from keyin_cli.model.layers import Permute, ProjectedLstm, Stack, gaussian, sampled, sine_code


def test_repeating_an_input_equals_giving_it_at_every_step() -> None:
    lstm = ProjectedLstm(5, 3, layers=2, units=4)
    inputs, state = torch.randn(7, 5), (torch.randn(2, 7, 4), torch.randn(2, 7, 4))
    torch.testing.assert_close(lstm.repeat(inputs, 6, state), lstm(inputs[:, None].expand(-1, 6, -1), state)[0])


def test_sine_code_tells_times_apart() -> None:
    codes = sine_code(torch.arange(31.0), 16, longest=30)
    assert codes.shape == (31, 16)
    distances = torch.cdist(codes, codes) + 10 * torch.eye(31)
    assert distances.min() > 0.3


def test_a_gaussian_is_mean_and_bounded_log_std() -> None:
    values = torch.tensor([[1.0, -9, -9, 9], [2.0, 9, 0.5, 1]])
    mean, log_std = gaussian(values)
    torch.testing.assert_close(mean, values[:, :2])
    torch.testing.assert_close(log_std, torch.tensor([[-5.0, 2], [0.5, 1]]))
    torch.testing.assert_close(sampled(mean, log_std, torch.zeros(2, 2)), mean)
    torch.testing.assert_close(sampled(mean, log_std, -torch.ones(2, 2)), mean - log_std.exp())


def test_without_outputs_an_lstm_is_not_projected_and_both_directions_are_two_halves() -> None:
    inputs = torch.randn(7, 6, 5)
    assert ProjectedLstm(5, None, layers=2, units=4)(inputs)[0].shape == (7, 6, 4)
    hidden = ProjectedLstm(5, None, layers=1, units=4, bidirectional=True)
    changed = inputs.clone()
    changed[:, 3] = 0
    halves, other = (hidden(each)[0].split(4, dim=-1) for each in (inputs, changed))
    torch.testing.assert_close(halves[0][:, :3], other[0][:, :3])
    torch.testing.assert_close(halves[1][:, 4:], other[1][:, 4:])
    assert (halves[0][:, 3:] != other[0][:, 3:]).any(-1).all()
    assert (halves[1][:, :4] != other[1][:, :4]).any(-1).all()


def test_a_stack_starts_in_a_colour_of_its_last_layer_whatever_comes_after() -> None:
    """Linear layers have a bias per pixel and channel, channels innermost; transposed convolutions one per channel."""
    colour = torch.tensor([1.0, -2, 3])
    flat = Stack(nn.Linear(2, 4), nn.SiLU(), nn.Linear(4, 2 * 2 * 3))
    image = Stack(nn.Unflatten(1, (2, 1, 1)), nn.ConvTranspose2d(2, 3, 2), Permute(0, 2, 3, 1))
    for stack in (flat, image):
        before = {name: value.clone() for name, value in stack.state_dict().items()}
        stack.start_in(colour)
        torch.testing.assert_close(stack(torch.randn(1, 2)).reshape(-1, 3).shape, (4, 3))
        last = next(name for name in reversed(before) if name.endswith("bias"))
        assert [name for name, value in stack.state_dict().items() if not torch.equal(value, before[name])] == [last]
        torch.testing.assert_close(stack.state_dict()[last].reshape(-1, 3), colour.expand(len(before[last]) // 3, 3))
