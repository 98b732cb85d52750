"""PerAct, motion minima and UVD on sequences whose answer is known."""

import numpy as np
import pytest
from peers_pieces import frames_of

from keyin_cli.discovery.peer import Demonstration
from keyin_cli.errors import InputError
from keyin_cli.methods import motion
from keyin_cli.methods.peract import PerAct, peract
from keyin_cli.methods.uvd import FPS, Uvd, smoothing, subgoals


def test_peract() -> None:
    closed = np.zeros(30, np.bool_)
    closed[12:] = True
    velocity = np.ones((30, 2))
    velocity[[3, 4, 5, 9]] = 0  # a stop, and another that lasts past the four frames of rest
    velocity[[11, 12, 13]] = 0.05  # the gripper is changing
    velocity[20, 0] = 0  # one joint alone
    velocity[28] = 0  # the last but one
    assert frames_of(peract(closed, velocity)) == [3, 9, 12, 29]
    assert frames_of(peract(closed[:13], velocity[:13])) == [3, 9, 12]
    assert frames_of(peract(~closed, -velocity)) == [3, 9, 12, 29]


def test_peract_has_no_keyframe_where_an_arm_has_not_set_out() -> None:
    velocity = np.zeros((20, 1))  # still for ten frames, then on its way
    velocity[10:] = 1
    assert frames_of(peract(np.zeros(20, np.bool_), velocity)) == [5, 19]  # it rests longer than the four frames
    assert frames_of(peract(np.zeros(14, np.bool_), velocity[6:])) == [13]


def test_peract_takes_half_of_what_the_gripper_does() -> None:
    gripper = np.array([0.1, 0.1, 0.2, 0.2, 0.5, 0.6, 0.6, 0.6], np.float32)[:, None]
    roles = {"gripper": gripper, "joint_velocities": np.ones((8, 3), np.float32)}
    episode = Demonstration(np.zeros((8, 1, 1, 3), np.uint8), gripper, 10.0, roles)
    peer = PerAct([episode], 0)
    evidence = peer.look(episode)
    assert frames_of(peer.select(evidence, peer.usual)) == [4]  # 0.35 is passed; the end is none
    with pytest.raises(InputError, match=r"^peract cannot be told how many keyframes there are"):
        peer.setting(evidence, 3)


def test_motion_is_the_mean_of_what_changes_before_and_after() -> None:
    assert motion.motion(np.array([2.0, 0.0, 4.0])).tolist() == [2, 1, 2, 4]


def test_motion_stops_where_something_stops() -> None:
    place = np.concatenate([np.linspace(0, 1, 8), np.ones(4), np.linspace(1, 0, 8)])
    episode = Demonstration(np.zeros((20, 1, 1, 3), np.uint8), place[:, None].astype(np.float32), 10.0)
    peer = motion.Motion([episode], 0, "signals")
    assert frames_of(peer.select(peer.look(episode), peer.usual)) == [8]
    frames = (place * 200).astype(np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    seen = motion.Motion([episode], 0, "pixels")
    assert frames_of(seen.select(seen.look(Demonstration(frames, episode.signals, 10.0)), 1.0)) == [8]


def test_uvd_finds_where_the_way_to_the_goal_begins() -> None:
    place = np.concatenate([np.linspace(0, 10, 51), np.linspace(10, 0, 51)[1:], np.linspace(0, 10, 51)[1:]])
    embeddings = np.stack([place, np.zeros_like(place)], axis=1)
    weights = smoothing(len(place), FPS)
    assert subgoals(embeddings, weights, 18) == [100, 50]
    assert subgoals(embeddings, weights, 50) == []  # 50 frames from the end are no more than 50
    assert subgoals(embeddings, weights, 49) == [100, 50]
    assert subgoals(np.stack([np.linspace(0, 1, 90)] * 2, axis=1), smoothing(90, FPS), 18) == []  # the distance always falls


def test_uvd_counts_in_seconds() -> None:
    place = np.interp(np.arange(61), [0, 20, 40, 60], [0, 1, 0, 1]).astype(np.float32)[:, None]
    for fps, expected in ((FPS, [20, 40]), (2 * FPS, [])):  # 20 frames are 1.6 s, or half of that
        episode = Demonstration(np.zeros((61, 1, 1, 3), np.uint8), place, fps)
        peer = Uvd([episode], 0, "signals")
        assert frames_of(peer.select(peer.look(episode), peer.usual)) == expected
        assert frames_of(peer.select(peer.look(episode), peer.setting(peer.look(episode), 2))) == [20, 40]
