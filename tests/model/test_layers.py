import torch

from keyin_cli.model.layers import sine_code


def test_sine_code_tells_times_apart() -> None:
    codes = sine_code(torch.arange(31.0), 16, longest=30)
    assert codes.shape == (31, 16)
    distances = torch.cdist(codes, codes) + 10 * torch.eye(31)
    assert distances.min() > 0.3
