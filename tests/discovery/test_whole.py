"""Whole episodes: search in blocks is search, the keyframe model is averaged over its places, and a number can be asked for."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small_brownian import frames as brownian
from small_brownian import recipe

from keyin_cli.discovery import whole
from keyin_cli.model.keyin import Foundation, KeyIn
from keyin_cli.model.search import cheapest_chain, segment_costs

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def episode() -> np.ndarray:
    """150 frames of Brownian motion (150,32,32,1)."""
    return brownian(5).reshape(-1, 32, 32, 1)[:150]


@pytest.mark.parametrize("count", [2, 63, 64, 65, 74, 150])
def test_costs_in_blocks_are_those_of_the_whole(count: int, episode: np.ndarray) -> None:
    torch.manual_seed(0)
    foundation = Foundation(recipe()).eval()
    costs = whole.episode_costs(foundation, lambda begin, end: episode[begin:end], count, CPU)
    np.testing.assert_allclose(costs, segment_costs(foundation, episode[None, :count], CPU)[0], rtol=1e-4)


def random_costs(count: int, longest: int, seed: int = 0) -> np.ndarray:
    costs = np.random.default_rng(seed).gamma(1.0, 2.0, (count, longest)).astype(np.float32) * np.arange(longest) ** 2
    reach = np.arange(count)[:, None] + np.arange(1, longest + 1) > count - 1
    return np.where(reach, np.float32(np.inf), costs)


@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_times_are_counted_from_the_first_frame(shift: int) -> None:
    costs = random_costs(40, 5)
    found = whole.searched(costs, 8.0, shift)
    inner = np.flatnonzero(cheapest_chain(costs[None], 8.0)[0][:-1]) + 1  # of times 1…n-1 the last closes the chain
    moved = inner + shift
    assert np.flatnonzero(found).tolist() == moved[(moved > 0) & (moved < 39)].tolist()


@pytest.mark.parametrize("wanted", [10.0, 14.5, 25.0])
def test_a_price_that_gives_a_number(wanted: float) -> None:
    costs = [random_costs(60, 12, seed) for seed in range(8)]
    price = whole.price_for(costs, wanted)
    counts = [np.mean([whole.searched(each, at).sum() for each in costs]) for at in (price, 0.99 * price)]
    assert counts[0] <= wanted
    assert counts[1] >= counts[0]
    assert counts[0] > wanted - 1.5


def test_fewer_than_the_longest_segment_allows_cannot_be_had() -> None:
    costs = [random_costs(60, 6)]
    assert whole.searched(costs[0], whole.price_for(costs, 2.0)).sum() >= 59 // 6


@pytest.mark.parametrize("less", [0, 1000])
def test_more_than_there_are_cost_nothing(less: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """…and are not searched for long; nor does it matter that nats may be negative."""
    costs = [random_costs(60, 12) - np.float32(less) * np.arange(1, 13, dtype=np.float32)]
    calls = []
    searched = whole.searched
    monkeypatch.setattr(whole, "searched", lambda *args: calls.append(args) or searched(*args))
    assert whole.price_for(costs, 1000.0) == 0.0
    assert len(calls) == 1


def test_an_episode_of_one_frame_has_no_keyframe() -> None:
    assert whole.searched(np.full((1, 5), np.inf, np.float32), 1.0).tolist() == [False]


class Model:
    """Says that frame i of the episode is a keyframe with chance i / 100, and one thing of a window's first predicted frame."""

    recipe = SimpleNamespace(window=SimpleNamespace(frames=7, conditioning=2))

    def probability(self, images: torch.Tensor) -> torch.Tensor:
        return images[:, 2:, 0, 0, 0] * 255 / 100


@pytest.mark.parametrize(("count", "stride"), [(7, 3), (8, 3), (40, 3), (40, 1), (5, 2), (1, 1)])
def test_the_average_over_places(count: int, stride: int) -> None:
    frames = np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 2, 2, 1)).copy()
    found = whole.probability(Model(), frames, stride, CPU)  # type: ignore[arg-type]
    assert found.shape == (count,)
    np.testing.assert_allclose(found[2:], np.arange(2, count) / 100, rtol=1e-5)
    assert not found[:2].any()  # conditioning of the first window


def test_one_window_is_the_keyframe_model(episode: np.ndarray) -> None:
    torch.manual_seed(0)
    model = KeyIn(recipe()).eval()
    window = model.recipe.window
    found = whole.probability(model, episode[: window.frames], 3, CPU)
    own = model.probability(torch.from_numpy(episode[None, : window.frames]).float() / 255)[0]
    np.testing.assert_allclose(found[window.conditioning :], own.numpy(), rtol=1e-4, atol=1e-6)


def test_peaks() -> None:
    chances = np.array([0, 0.1, 0.7, 0.1, 0, 0.3, 0.3, 0, 0.2, 0, 0.9])
    assert np.flatnonzero(whole.peaks(chances, 0.5)).tolist() == [2, 6, 10]
    assert np.flatnonzero(whole.peaks(chances, 0.65)).tolist() == [2, 10]
    assert np.flatnonzero(whole.peaks(chances, 0.1)).tolist() == [2, 6, 8, 10]
    assert not whole.peaks(np.zeros(5), 0.1).any()
    assert whole.least_for([chances], 2) == pytest.approx(0.6, abs=0.01)
    assert whole.peaks(chances, whole.least_for([chances], 2)).sum() == 2
