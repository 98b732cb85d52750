import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from keyin_cli.model import losses


def test_pixel_error_is_the_negative_log_likelihood() -> None:
    logits, truth = torch.randn(4, 3, 3, 1), torch.randint(0, 2, (4, 3, 3, 1)).float()
    expected = -Bernoulli(logits=logits).log_prob(truth)
    torch.testing.assert_close(losses.pixel_error(logits, truth, "sum"), expected.sum((1, 2, 3)))
    torch.testing.assert_close(losses.pixel_error(logits, truth, "mean"), expected.mean((1, 2, 3)))


def test_mixture_of_one_frame_is_that_frame() -> None:
    logits, truth = torch.randn(4, 3, 3, 1), torch.randint(0, 2, (4, 3, 3, 1)).float()
    torch.testing.assert_close(losses.mixture_error(logits.sigmoid(), truth, "sum"), losses.pixel_error(logits, truth, "sum"))


def test_mixture_error_is_the_cross_entropy_of_each_pixel() -> None:
    probabilities, truth = torch.rand(4, 3, 3, 2), torch.rand(4, 3, 3, 2)
    expected = -(truth * probabilities.log() + (1 - truth) * (1 - probabilities).log())
    torch.testing.assert_close(losses.mixture_error(probabilities, truth, "sum"), expected.sum((1, 2, 3)))
    torch.testing.assert_close(losses.mixture_error(probabilities, truth, "mean"), expected.mean((1, 2, 3)))
    sure = losses.mixture_error(torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1), "sum")
    torch.testing.assert_close(sure, -torch.tensor([losses.DARKEST]).log())
    assert losses.DARKEST == 1e-6


def test_embedding_error_is_squared() -> None:
    predicted, truth = torch.tensor([[[1.0, 2.0], [0.0, 0.0]]]), torch.tensor([[[0.0, 4.0], [3.0, -1.0]]])
    torch.testing.assert_close(losses.embedding_error(predicted, truth, "sum"), torch.tensor([[5.0, 10.0]]))
    torch.testing.assert_close(losses.embedding_error(predicted, truth, "mean"), torch.tensor([[2.5, 5.0]]))


def test_kl_is_that_of_two_normals() -> None:
    mean, log_std = torch.randn(5, 3), torch.randn(5, 3)
    expected = kl_divergence(Normal(mean, log_std.exp()), Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(losses.kl_to_prior(mean, log_std), expected)


def test_per_keyframe_ignores_keyframes_outside_and_their_number() -> None:
    errors = torch.tensor([[1.0, 3.0, 100.0]])
    assert losses.per_keyframe(errors, torch.tensor([[1.0, 1.0, 0.0]])) == 2
    assert losses.per_keyframe(errors, torch.tensor([[0.5, 0.5, 0.0]])) == 2


def test_per_keyframe_is_averaged_over_sequences_however_many_keyframes_each_has_inside() -> None:
    errors, inside = torch.tensor([[1.0, 3.0], [6.0, 100.0]]), torch.tensor([[1.0, 1.0], [0.5, 0.0]])
    assert losses.per_keyframe(errors, inside) == (2 + 6) / 2


def test_entropy_of_uniform_and_of_certain() -> None:
    torch.testing.assert_close(losses.entropy(torch.full((1, 2, 4), 3.0)), torch.tensor(4.0).log())
    logits = torch.randn(1, 2, 4)
    torch.testing.assert_close(losses.entropy(logits), torch.special.entr(logits.softmax(-1)).sum(-1).mean())
    certain = (300 * torch.eye(4)[None]).requires_grad_()
    entropy = losses.entropy(certain)
    assert entropy == 0
    entropy.backward()
    assert torch.isfinite(certain.grad).all()  # chances are zero here


def test_offsets_known_censored_and_unknown() -> None:
    delta = torch.tensor([0.1, 0.2, 0.3, 0.4]).expand(1, 5, 4)
    errors = losses.offset_error(delta.log(), torch.tensor([[3, -2, 0, -4, -1]]))
    expected = -torch.tensor([[0.3, 0.7, 1.0, 1.0, 0.9]]).log()  # exactly 3, more than 2, unknown, impossible, more than 1
    torch.testing.assert_close(errors, expected, rtol=1e-5, atol=1e-6)


def test_impossible_offsets_have_no_gradient() -> None:
    logits = torch.randn(1, 2, 4, requires_grad=True)
    losses.offset_error(logits, torch.tensor([[0, -4]])).sum().backward()
    assert logits.grad is not None
    torch.testing.assert_close(logits.grad, torch.zeros_like(logits), rtol=0, atol=1e-6)
