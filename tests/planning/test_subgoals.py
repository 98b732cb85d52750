"""Every way to propose subgoals: one signature, and what it does with a model that draws what it is told."""

import numpy as np
import pytest
import torch
from keyin_cli.planning.subgoals import PROPOSERS, needed, stage
from small_pushing import SIZE, discs, models

from keyin_cli.errors import InputError
from keyin_cli.model.keyin import KeyIn
from keyin_cli.model.svg import Svg
from keyin_cli.model.tap import Tap
from keyin_cli.planning import latents
from keyin_cli.planning.proposal import Context, Search
from keyin_cli.planning.tasks import make

PIXEL = 2.1 / SIZE


def context(n: int = 2, samples: int = 6) -> Context:
    return Context(
        make(0, np.arange(n)), models(), 0, torch.device("cpu"), Search(samples=samples, elite_fraction=0.2, iterations=2)
    )


@pytest.mark.parametrize("method", PROPOSERS)
def test_every_method_keeps_the_signature(method: str) -> None:
    """With untrained models too, whose images show no puck."""
    known = context()
    proposal = PROPOSERS[method](known)
    assert proposal.subgoals.shape[::2] == (2, 2)
    assert np.isfinite(proposal.subgoals).all()
    np.testing.assert_array_equal(proposal.subgoals[:, -1], known.tasks.scene.goal)
    if stage(method):
        assert proposal.images is not None
        assert proposal.images.shape == (2, proposal.subgoals.shape[1] - 1, SIZE, SIZE, 3)
        assert proposal.images.dtype == np.uint8


def test_methods_without_weights_need_none() -> None:
    assert {method: stage(method) for method in ("none", "oracle", "random")} == dict.fromkeys(("none", "oracle", "random"))
    assert (stage("keyin+free+wall"), stage("tap")) == ("keyin", "tap")
    assert needed("keyin+wall", ("keyin",)) == "keyin"
    with pytest.raises(
        InputError, match=r"^keyin\+wall needs weights of `keyin train`: give --ckpt a run directory that has keyin/$"
    ):
        needed("keyin+wall", ("jumpy",))
    with pytest.raises(InputError, match=r"weights of `keyin baseline surprise`"):
        needed("surprise", ())


def test_keyframes_become_subgoals_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keyframe t at 0.3 z_t: the last is near the goal, and the goal comes after it."""

    def told(model: object, conditioning: torch.Tensor, z: torch.Tensor, last_only: bool = False) -> torch.Tensor:
        return discs((0.3 * z[:, :, -1:, :2] if last_only else 0.3 * z[..., :2]).numpy())

    monkeypatch.setattr(KeyIn, "imagine", told)
    known = context(1, samples=60)
    proposal = PROPOSERS["keyin"](known)
    assert proposal.subgoals.shape == (1, 7, 2)
    goal = known.tasks.scene.goal[0]
    assert np.linalg.norm(proposal.subgoals[0, 5] - goal) < 0.15
    assert (np.linalg.norm(np.diff(proposal.subgoals[0, :6], axis=0), axis=1) > 0).all()


def test_surprise_takes_the_frames_before_the_surprising_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    line = np.linspace([-0.5, -0.5], [0.5, 0.5], 30)
    scores = torch.zeros(1, 30)
    scores[0, [3, 8, 13, 18, 23, 29]] = torch.arange(6.0, 0, -1)  # of the predicted frames 3, 8, …, counted from 0

    def drawn(model: object, conditioning: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        return discs(np.broadcast_to(line, (*z.shape[:2], 30, 2)))

    monkeypatch.setattr(Svg, "imagine", drawn)
    monkeypatch.setattr(Svg, "surprise", lambda model, images: scores)
    proposal = PROPOSERS["surprise"](context(1, samples=2))
    np.testing.assert_allclose(proposal.subgoals[0, :6], line[[2, 7, 12, 17, 22, 28]], atol=PIXEL / 4)


@pytest.mark.parametrize(("share", "copies"), [(0.5, False), (1.0, True)])
def test_tap_halves_the_way_over_and_over(share: float, copies: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    known = context(2)

    def between(model: object, start: torch.Tensor, goal: torch.Tensor) -> torch.Tensor:
        ends = [latents.pucks(image) for image in (start, goal)]
        return discs(ends[0] + share * (ends[1] - ends[0]))

    monkeypatch.setattr(Tap, "bottleneck", between)
    proposal = PROPOSERS["tap"](known)
    start, goal = known.tasks.scene.start, known.tasks.scene.goal
    shares = np.array([share**2, share, share + share * (1 - share), 1.0])
    expected = start[:, None] + shares[:, None] * (goal - start)[:, None]
    np.testing.assert_allclose(proposal.subgoals, expected, atol=2 * PIXEL)
    assert proposal.notes is not None
    assert proposal.notes["copies_goal"].tolist() == [copies] * 2
