"""What every method that looks at whole demonstrations has to keep to."""

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from peers_pieces import demonstration
from torch import Tensor

from keyin_cli import names
from keyin_cli.discovery.peer import Demonstration, Peer
from keyin_cli.errors import InputError
from keyin_cli.methods.registry import method
from keyin_cli.model import actions
from keyin_cli.model.segments import learning

PEERS = [(name, view) for name, views in names.peering().items() for view in views]
EPISODES = [demonstration(n, seed) for seed, n in enumerate((40, 57, 33))]
EXACT = ("awe", "kernelcpd")  # which have any number


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "STEPS", 60)
    monkeypatch.setattr(learning, "STEPS", 2)
    monkeypatch.setattr(learning, "BATCH", 4)


def made(name: str, view: str, episodes: list[Demonstration] = EPISODES, seed: int = 0) -> Peer:
    if name == "kernelcpd" and find_spec("ruptures") is None:
        pytest.skip("ruptures is not installed")
    return method(name).peers[view](episodes, seed)


def test_they_are_those_that_are_known() -> None:
    assert set(names.peering()) >= {*("asot", "awe", "compile", "kernelcpd", "love", "motion", "peract", "sbd", "uvd", "vta")}


@pytest.mark.parametrize(("name", "view"), PEERS)
def test_keyframes_are_as_many_as_are_wanted_and_the_same_again(name: str, view: str) -> None:
    peer, again = made(name, view), made(name, view)
    assert isinstance(peer.usual, float)
    for episode in EPISODES:
        n, evidence = len(episode), peer.look(episode)
        wholes = [peer.select(evidence, peer.usual)] if peer.own else []
        for wanted in (0, 1, 3) if peer.knob else ():
            times = peer.select(evidence, peer.setting(evidence, wanted))
            assert times.sum() == wanted if name in EXACT else times.sum() <= wanted
            wholes.append(times)
            np.testing.assert_array_equal(times, again.select(again.look(episode), again.setting(evidence, wanted)))
        for times in wholes:
            assert (times.shape, times.dtype) == ((n,), np.dtype(bool))
            assert not times[[0, -1]].any()


@pytest.mark.parametrize(("name", "view"), PEERS)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_short_episodes_have_an_answer(name: str, view: str, n: int) -> None:
    whole = EPISODES[0]
    short = replace(
        whole, frames=whole.frames[:n], signals=whole.signals[:n], roles={key: each[:n] for key, each in whole.roles.items()}
    )
    peer = made(name, view, [short])
    evidence = peer.look(short)
    for times in [peer.select(evidence, peer.usual)] * peer.own + (
        [peer.select(evidence, peer.setting(evidence, 2))] if peer.knob else []
    ):
        assert times.shape == (n,)
        assert times.sum() <= max(n - 2, 0)


@pytest.mark.parametrize(("name", "view"), PEERS)
def test_where_nothing_changes_there_is_an_answer(name: str, view: str) -> None:
    whole = EPISODES[0]
    still = replace(
        whole,
        frames=np.repeat(whole.frames[:1], 30, axis=0),
        signals=np.repeat(whole.signals[:1], 30, axis=0),
        roles={key: np.repeat(each[:1], 30, axis=0) for key, each in whole.roles.items()},
    )
    peer = made(name, view, [still, still])
    evidence = peer.look(still)
    if peer.knob:
        assert peer.select(evidence, peer.setting(evidence, 3)).sum() <= 3
    assert peer.select(evidence, peer.usual).shape == (30,)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("size", [3e38, 1e-40])
@pytest.mark.parametrize(("name", "view"), [(name, view) for name, view in PEERS if view == "signals"])
def test_signals_of_any_size_have_an_answer(name: str, view: str, size: float) -> None:
    """Also such as float32 hardly holds; nobody is warned that a number was too large."""
    signs = np.where(np.random.default_rng(0).random((40, 4)) < 0.5, -1, 1) * np.float32(size)
    parts = {"effector": signs[:, :3], "gripper": signs[:, 3:], "joint_velocities": signs[:, :2], "actions": signs[:, :2]}
    episode = replace(EPISODES[0], signals=signs.astype(np.float32), roles={k: v.astype(np.float32) for k, v in parts.items()})
    peer = made(name, view, [episode])
    evidence = peer.look(episode)
    assert peer.select(evidence, peer.usual).shape == (40,)
    if peer.knob:
        assert peer.select(evidence, peer.setting(evidence, 3)).sum() <= 3


@pytest.mark.parametrize("n", [1, 2, 3])
def test_sbd_learns_as_much_when_one_episode_is_very_short(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, lengths = EPISODES[0], set[int]()
    roles = {key: each[:n] for key, each in whole.roles.items()}
    short = replace(whole, frames=whole.frames[:n], signals=whole.signals[:n], roles=roles)
    nats = actions.ActionPredictor.nats

    def watched(network: actions.ActionPredictor, seen: Tensor, done: Tensor) -> Tensor:
        lengths.add(seen.shape[1])
        return nats(network, seen, done)

    monkeypatch.setattr(actions.ActionPredictor, "nats", watched)
    for episodes in ([short, *EPISODES], [*EPISODES, short]):  # the last of so few is held out
        peer = made("sbd", "pixels", episodes)
        assert 32 in lengths
        assert peer.usual != 0.0  # of all jumps, where held-out ones are too short
        for episode in episodes:
            assert peer.select(peer.look(episode), peer.usual).shape == (len(episode),)


def test_the_network_of_sbd_looks_at_nothing_behind_an_end() -> None:
    """Short pieces are filled up, with what changes no weight."""
    rng = np.random.default_rng(0)
    pairs = [(rng.normal(size=(n, 3)).astype(np.float32), rng.normal(size=(n, 2)).astype(np.float32)) for n in (40, 5)]
    nats = [actions.nats_from_everywhere(actions.fit(pairs, pairs, 0, lambda: None), *pairs[1], 5) for _ in range(2)]
    np.testing.assert_array_equal(*nats)
    assert np.isfinite(nats[0][0]).all()
    assert actions._piece(pairs[1][0], 2, 6)[:3].tolist() == pairs[1][0][2:].tolist()
    assert not actions._piece(pairs[1][0], 2, 6)[3:].any()


@pytest.mark.parametrize(
    ("name", "view", "most"),
    [
        ("awe", "signals", 1000),
        ("asot", "pixels", 3000),
        ("asot", "signals", 3000),
        ("uvd", "pixels", 10_000),
        ("kernelcpd", "signals", 10_000),
    ],
)
def test_episodes_that_are_too_long(name: str, view: str, most: int) -> None:
    whole = EPISODES[0]
    at = np.arange(most + 1) % len(whole)
    long = replace(
        whole, frames=whole.frames[at], signals=whole.signals[at], roles={key: each[at] for key, each in whole.roles.items()}
    )
    line = (
        f"^{name} looks at episodes of at most {most:,} frames, this dataset has one of {most + 1:,}: leave {name} out, or import"
    )
    with pytest.raises(InputError, match=line):
        made(name, view, [whole, long])
    shorter = {key: each[:-1] for key, each in long.roles.items()}
    made(name, view, [replace(long, frames=long.frames[:-1], signals=long.signals[:-1], roles=shorter)])


def test_sbd_takes_no_more_memory_than_an_episode_has_frames() -> None:
    fast = [replace(each, fps=1e6) for each in EPISODES]
    peer = made("sbd", "pixels", fast)
    assert peer.look(fast[0]).shape == (40, 41)


@pytest.mark.parametrize(
    ("name", "view", "role"),
    [
        ("peract", "signals", "gripper"),
        ("peract", "signals", "joint_velocities"),
        ("awe", "signals", "effector"),
        ("sbd", "pixels", "actions"),
        ("compile", "pixels", "actions"),
        ("compile", "signals", "actions"),
        ("love", "pixels", "actions"),
        ("love", "signals", "actions"),
    ],
)
def test_a_role_that_is_not_there_is_asked_for(name: str, view: str, role: str) -> None:
    without = [replace(each, roles={key: values for key, values in each.roles.items() if key != role}) for each in EPISODES]
    with pytest.raises(InputError, match=f"^{name} needs the role {role}, which this dataset has not: leave {name} out"):
        made(name, view, without).look(without[0])


@pytest.mark.parametrize("name", ["motion", "uvd", "kernelcpd", "asot", "compile", "love", "vta"])
def test_signals_that_are_not_there_are_asked_for(name: str) -> None:
    blind = [replace(each, signals=each.signals[:, :0]) for each in EPISODES]
    with pytest.raises(InputError, match=f"^{name} needs signals, which this dataset has not"):
        made(name, "signals", blind)


@pytest.mark.parametrize(("name", "view"), PEERS)
def test_nobody_looks_at_the_other_view(name: str, view: str) -> None:
    """As `keyin benchmark` shows demonstrations: without frames, or without signals and roles but actions."""
    seen = [
        replace(each, frames=np.zeros((len(each), 0, 0, 3), np.uint8))
        if view == "signals"
        else replace(each, signals=each.signals[:, :0], roles={"actions": each.roles["actions"]})
        for each in EPISODES
    ]
    peer, whole = made(name, view, seen), made(name, view)
    np.testing.assert_array_equal(peer.look(seen[1]), whole.look(EPISODES[1]))


def test_they_cannot_be_used_where_a_stage_is_needed() -> None:
    lists = (names.selecting(), names.finding(), names.proposing(), names.baselines(), names.compared())
    ours = {"awe", "asot", "compile", "kernelcpd", "love", "motion", "peract", "sbd", "uvd", "vta"}
    assert not ours & {name for each in lists for name in each}


def test_ruptures_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ruptures", None)
    peer = method("kernelcpd").peers["signals"](EPISODES, 0)
    with pytest.raises(InputError, match=r"needs the package ruptures.*pip install 'keyin\[benchmark\]'"):
        peer.select(peer.look(EPISODES[0]), 1.0)
