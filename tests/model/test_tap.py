"""TAP: an image between two, and which frame it is nearest to."""

import torch
from small_brownian import recipe

from keyin_cli.model import losses
from keyin_cli.model.tap import Tap, nearest


def test_both_ends_decide() -> None:
    torch.manual_seed(0)
    model = Tap(recipe()).eval()
    start, goal, other = torch.rand(3, 2, 32, 32, 1)
    logits = model(start, goal)
    assert logits.shape == (2, 32, 32, 1)
    assert not torch.allclose(logits, model(other, goal))
    assert not torch.allclose(logits, model(start, other))
    assert not torch.allclose(logits, model(goal, start))


def test_a_bottleneck_is_an_image() -> None:
    torch.manual_seed(0)
    model = Tap(recipe()).eval()
    start, goal = torch.rand(2, 3, 32, 32, 1)
    image = model.bottleneck(start, goal)
    assert not image.requires_grad
    torch.testing.assert_close(torch.logit(image), model(start, goal), rtol=1e-4, atol=1e-5)


def test_the_nearest_frame_has_the_smallest_pixel_error() -> None:
    torch.manual_seed(0)
    logits, frames = torch.randn(4, 6, 6, 3), torch.rand(4, 9, 6, 6, 3)
    allowed = torch.rand(4, 9) < 0.6
    errors = losses.pixel_error(logits[:, None].expand_as(frames), frames, "sum").masked_fill(~allowed, torch.inf)
    torch.testing.assert_close(nearest(logits, frames, allowed), errors.argmin(dim=1))
