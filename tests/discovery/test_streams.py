"""Features and actions that networks are given."""

from dataclasses import replace

import numpy as np
import pytest
from peers_pieces import demonstration

from keyin_cli.discovery.streams import streams
from keyin_cli.errors import InputError

EPISODES = [demonstration(n, seed) for seed, n in enumerate((40, 57, 33))]


@pytest.mark.parametrize("view", ["pixels", "signals"])
def test_features_have_one_size_together_and_actions_each(view: str) -> None:
    made = streams(EPISODES, "compile", view, actions=True)
    seen, done = zip(*(made(episode) for episode in EPISODES), strict=True)
    assert {each.dtype for each in (*seen, *done)} == {np.dtype(np.float32)}
    means = [np.square(each, dtype=np.float64).mean() for each in seen]
    assert np.mean(means) == pytest.approx(1, rel=1e-4)
    actions = np.concatenate(done).astype(np.float64)
    np.testing.assert_allclose(actions.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(actions.std(0), 1, rtol=1e-4)


def test_actions_that_never_change_are_zero_and_those_that_are_not_wanted_are_none() -> None:
    still = [replace(each, roles={"actions": np.full((len(each), 2), 3.3, np.float32)}) for each in EPISODES]
    assert (streams(still, "compile", "pixels", actions=True)(still[0])[1] == 0).all()
    without = [replace(each, roles={}) for each in EPISODES]
    assert streams(without, "vta", "pixels", actions=False)(without[0])[1].shape == (40, 0)
    with pytest.raises(InputError, match=r"^compile needs the role actions"):
        streams(without, "compile", "pixels", actions=True)
