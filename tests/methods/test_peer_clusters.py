"""KernelCPD, ASOT and SBD on sequences of blocks, and against the plain sums that they are to make least."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from peers_pieces import blocks, frames_of

from keyin_cli.discovery.peer import Demonstration
from keyin_cli.methods import asot, kernelcpd, sbd
from keyin_cli.methods.registry import method
from keyin_cli.model import actions

LENGTHS, VALUES = [12, 8, 15, 10], [0, 1, 2, 3]
ENDS = [11, 19, 34]  # the last frames of blocks


def of_signals(signals: np.ndarray) -> Demonstration:
    return Demonstration(np.zeros((len(signals), 1, 1, 3), np.uint8), signals, 10.0)


@pytest.mark.parametrize("name", ["kernelcpd", "asot"])
def test_blocks_are_found(name: str) -> None:
    if name == "kernelcpd":
        pytest.importorskip("ruptures")
    episode = of_signals(blocks(VALUES, LENGTHS))
    peer = method(name).peers["signals"]([episode], 0)
    evidence = peer.look(episode)
    assert frames_of(peer.select(evidence, peer.setting(evidence, 3))) == ENDS
    if peer.own:
        assert frames_of(peer.select(evidence, peer.usual)) == ENDS


def cost(points: np.ndarray, gamma: float, inner: tuple[int, ...]) -> float:
    edges = [0, *(each + 1 for each in inner), len(points)]
    kernel = np.exp(-gamma * ((points[:, None] - points) ** 2).sum(2))
    return sum(b - a - kernel[a:b, a:b].sum() / (b - a) for a, b in pairwise(edges))


@pytest.mark.parametrize("seed", range(3))
def test_kernel_change_points_cost_least(seed: int) -> None:
    pytest.importorskip("ruptures")
    points = np.random.default_rng(seed).standard_normal((14, 2)).cumsum(0)
    gamma = kernelcpd.sharpness(points)
    pairs = [((points[i] - points[j]) ** 2).sum() for i, j in combinations(range(14), 2)]
    assert gamma == pytest.approx(1 / np.median(pairs))
    allowed = [
        inner for count in range(4) for inner in combinations(range(1, 12), count) if all(b - a >= 2 for a, b in pairwise(inner))
    ]
    for count in (1, 2, 3):
        least = min((inner for inner in allowed if len(inner) == count), key=lambda inner: cost(points, gamma, inner))
        assert kernelcpd.change_points(points, gamma, count, 0.0) == list(least)
    price = kernelcpd.bayes(points, gamma)
    assert price == pytest.approx(cost(points, gamma, ()) / 14 * np.log(14))
    found = kernelcpd.change_points(points, gamma, None, price)
    assert cost(points, gamma, tuple(found)) + price * len(found) <= min(
        cost(points, gamma, inner) + price * len(inner) for inner in allowed
    ) * (1 + 1e-9)


def test_more_change_points_than_there_can_be() -> None:
    pytest.importorskip("ruptures")
    assert len(kernelcpd.change_points(np.arange(7.0)[:, None], 1.0, 50, 0.0)) == 2  # of at least two frames each


def test_centres_are_the_means_of_clusters_in_order_of_time() -> None:
    points = blocks(VALUES, LENGTHS, noise=0)
    np.testing.assert_allclose(asot.centres(points, 4), np.eye(4), atol=1e-12)
    assert asot.centres(points[:2], 2).shape == (2, 4)


def test_costs_of_clusters() -> None:
    points, clusters = np.array([[2.0, 0], [0, 3]]), np.array([[1.0, 0], [0, 1]])
    np.testing.assert_allclose(asot.costs(points, clusters), [[0, 1 + asot.PRIOR / 2], [1 + asot.PRIOR / 2, 0]])


def objective(cost: np.ndarray, sent: np.ndarray) -> float:
    n, count = cost.shape
    near = asot.near(n)
    order = sum(
        near[s, t] * sent[s, k] * sent[t, other]
        for s in range(n)
        for t in range(n)
        for k in range(count)
        for other in range(count)
        if k != other and near[s, t]
    )
    used = sent.sum(0)
    return float(
        (1 - asot.ALPHA) * (cost * sent).sum()
        + asot.ALPHA * order / 2
        + asot.BALANCE * (used * np.log(used * count)).sum()
        + asot.ENTROPY * (sent * np.log(np.maximum(sent, 1e-300))).sum()
    )


def test_the_plan_is_one_and_better_than_where_it_begins() -> None:
    points = blocks([0, 1, 0], [6, 5, 7], noise=0.2)
    cost = asot.costs(points, asot.centres(points, 3))
    sent = asot.plan(cost)
    assert (sent >= 0).all()
    np.testing.assert_allclose(sent.sum(1), 1 / len(points))
    assert objective(cost, sent) < objective(cost, np.full(cost.shape, 1 / cost.size))


def test_near_frames() -> None:
    assert asot.near(50)[10].nonzero()[0].tolist() == [8, 9, 11, 12]  # 0.04 of 50
    assert asot.near(5)[0].tolist() == [0, 25, 0, 0, 0]


def test_jumps_are_above_the_mean_since_the_boundary() -> None:
    nats = np.array([[1, 3, 5, np.nan], [2, 2, np.nan, np.nan]])
    np.testing.assert_array_equal(sbd.jumps(nats), [[-np.inf, 2, 3, -np.inf], [-np.inf, 0, -np.inf, -np.inf]])


def test_boundaries_reset_and_are_bounded() -> None:
    above = np.full((20, 7), -np.inf)
    above[0, [1, 3]] = 9  # the first comes too early
    above[3, 4] = 2
    assert sbd.boundaries(above, 1.0, 2) == [3, 7, 13, 19]  # then every 6 frames
    assert sbd.boundaries(above, 5.0, 2) == [3, 9, 15]
    assert sbd.boundaries(above, 9.0, 2) == [6, 12, 18]


def test_what_is_held_out() -> None:
    assert sbd.split(1) == ([0], [0])
    assert sbd.split(3) == ([2], [0, 1])
    assert sbd.split(11) == ([4, 9], [0, 1, 2, 3, 5, 6, 7, 8, 10])


def test_the_memory_begins_anew_at_every_frame() -> None:
    rng = np.random.default_rng(0)
    seen, done = rng.standard_normal((9, 3)).astype(np.float32), rng.standard_normal((9, 2)).astype(np.float32)
    network = actions.ActionPredictor(3, 2)
    nats = actions.nats_from_everywhere(network, seen, done, 5)
    for begin in range(9):
        alone = actions.nats_from_everywhere(network, seen[begin:], done[begin:], 5)[0]
        np.testing.assert_allclose(nats[begin], alone, rtol=1e-5)
        assert np.isfinite(nats[begin]).sum() == min(5, 9 - begin)


def test_an_action_that_changes_sign_surprises(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames show the action before, so the predictor takes it for the next and errs where it changes."""
    monkeypatch.setattr(actions, "STEPS", 200)
    rng = np.random.default_rng(0)
    episodes, true = [], []
    for _ in range(12):
        lengths = rng.integers(7, 20, 4)  # no rhythm to learn
        signs = np.repeat([1.0, -1.0, 1.0, -1.0], lengths)
        frames = np.where(np.concatenate([signs[:1], signs[:-1]]) > 0, 200, 20).astype(np.uint8)
        frames = frames[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
        done = {"actions": signs[:, None].astype(np.float32)}
        episodes.append(Demonstration(frames, np.zeros((len(signs), 0), np.float32), 10.0, done))
        true.append(lengths.cumsum()[:3].tolist())
    peer = sbd.Sbd(episodes, 0)
    found = [frames_of(peer.select(evidence, peer.setting(evidence, 3))) for evidence in map(peer.look, episodes)]
    assert sum(len(set(some) & set(all_of_them)) for some, all_of_them in zip(found, true, strict=True)) >= 30  # of 36
