"""PSNR and SSIM, and samples that are compared one by one."""

import weakref

import pytest
import torch
from torch import Tensor

from keyin_cli.discovery.quality import compare_samples, psnr, ssim

TRUTH = torch.rand(3, 4, 16, 16, 1, generator=torch.Generator().manual_seed(0))


def noisy(deviation: Tensor | float, seed: int) -> Tensor:
    """The truth with noise of a deviation for each sequence, or for all."""
    noise = torch.randn(TRUTH.shape, generator=torch.Generator().manual_seed(seed))
    return TRUTH + torch.as_tensor(deviation).view(-1, 1, 1, 1, 1) * noise


def test_psnr_is_that_of_each_frame() -> None:
    images = noisy(torch.tensor([0.1, 0.2, 0.0]), 1)
    error = (images - TRUTH).square().mean((2, 3, 4))
    expected = (-10 * error.log10()).clamp_max(60).mean(1)
    torch.testing.assert_close(psnr(images, TRUTH), expected)
    assert expected[0] == pytest.approx(20, abs=0.5)
    assert expected[2] == 60


def test_ssim_falls_with_noise_and_is_one_of_the_same() -> None:
    similarity = ssim(noisy(torch.tensor([0.0, 0.1, 0.4]), 1), TRUTH)
    assert similarity.shape == (3,)
    assert similarity[0] == pytest.approx(1)
    assert similarity[0] > similarity[1] > similarity[2]


@pytest.mark.parametrize("number", [2, 3, 7])
def test_the_best_sample_is_that_of_all_samples_at_once(number: int) -> None:
    deviations = 0.1 + 0.3 * torch.rand(number, 3, generator=torch.Generator().manual_seed(1))
    samples = [noisy(deviation, seed) for seed, deviation in enumerate(deviations)]
    scores = torch.stack([psnr(each, TRUTH) for each in samples])
    assert len(set(scores.argmax(0).tolist())) > 1
    best, difference = compare_samples(iter(samples), TRUTH)
    assert torch.equal(best, torch.stack(samples)[scores.argmax(0), torch.arange(3)])
    assert torch.equal(difference, psnr(samples[0], samples[1]))


def test_of_samples_that_are_equally_good_the_first_is_taken() -> None:
    grey, bright, dark = (torch.full_like(TRUTH, value) for value in (0.5, 0.75, 0.25))
    assert torch.equal(compare_samples([bright, dark], grey)[0], bright)
    assert torch.equal(compare_samples([grey + 0.3, dark, bright], grey)[0], dark)


def test_a_sample_that_is_not_a_number_is_not_passed_over() -> None:
    samples = [noisy(0.1, 0), torch.full_like(TRUTH, torch.nan), noisy(0.05, 1)]
    assert compare_samples(samples, TRUTH)[0].isnan().all()


def test_one_sample_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="at least two"):
        compare_samples([TRUTH], TRUTH)


def test_samples_are_not_kept() -> None:
    """However many there are: no more than the first two and the one at hand; the best is a copy."""
    drawn: list[weakref.ref[Tensor]] = []
    alive: list[int] = []

    def draw() -> Tensor:
        alive.append(sum(sample() is not None for sample in drawn))
        sample = noisy(0.1, len(alive))
        drawn.append(weakref.ref(sample))
        return sample

    compare_samples((draw() for _ in range(20)), TRUTH)
    assert max(alive) <= 3
