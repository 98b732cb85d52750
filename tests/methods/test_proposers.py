"""Every way to propose subgoals: one signature, and what it does with a model that draws what it is told."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_pushing import RECIPE, SIZE, discs, model, models, save

from keyin_cli.errors import InputError
from keyin_cli.methods.entrants import entrants
from keyin_cli.methods.registry import method as method_of
from keyin_cli.methods.registry import suffix
from keyin_cli.model.keyin import KeyIn
from keyin_cli.model.svg import Svg
from keyin_cli.model.tap import Tap
from keyin_cli.names import proposing
from keyin_cli.planning import latents
from keyin_cli.planning.proposal import Problem, Proposal, Search
from keyin_cli.planning.tasks import make
from keyin_cli.recipe import check

PIXEL = 2.1 / SIZE


def propose(row: str) -> Callable[[Problem], Proposal]:
    return method_of(row).proposers[suffix(row)]


def problem(n: int = 2, samples: int = 6) -> Problem:
    return Problem(
        make(0, np.arange(n)), models(), 0, torch.device("cpu"), SIZE, Search(samples=samples, elite_fraction=0.2, iterations=2)
    )


@pytest.mark.parametrize("method", proposing())
def test_every_method_keeps_the_signature(method: str) -> None:
    """With untrained models too, whose images show no puck."""
    known = problem()
    proposal = propose(method)(known)
    assert proposal.subgoals.shape[::2] == (2, 2)
    assert np.isfinite(proposal.subgoals).all()
    np.testing.assert_array_equal(proposal.subgoals[:, -1], known.tasks.scene.goal)
    if method_of(method).stage:
        assert proposal.images is not None
        assert proposal.images.shape == (2, proposal.subgoals.shape[1] - 1, SIZE, SIZE, 3)
        assert proposal.images.dtype == np.uint8


def test_methods_without_weights_need_none(tmp_path: Path) -> None:
    assert all(entrant.weights is None for entrant in entrants(("none", "oracle", "random"), None).values())
    run = save(tmp_path)
    weights = {row: entrant.weights for row, entrant in entrants(("keyin+free+wall", "tap"), run).items()}
    assert {row: each and each.stage for row, each in weights.items()} == {"keyin+free+wall": "keyin", "tap": "tap"}
    with pytest.raises(
        InputError, match=r"^keyin\+wall needs weights of `keyin train`: give --ckpt a run directory that has keyin/$"
    ):
        entrants(("keyin+wall",), run / "jumpy")
    with pytest.raises(InputError, match=r"weights of `keyin baseline surprise`"):
        entrants(("surprise",), None)
    with pytest.raises(InputError, match=r"^no method keyin\+fre: did you mean keyin\+free\? there are all, initial, random"):
        entrants(("keyin+fre",), None)


def test_keyframes_become_subgoals_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keyframe t at 0.3 z_t: the last is near the goal, and the goal comes after it."""

    def told(model: object, conditioning: torch.Tensor, z: torch.Tensor, last_only: bool = False) -> torch.Tensor:
        return discs((0.3 * z[:, :, -1:, :2] if last_only else 0.3 * z[..., :2]).numpy())

    monkeypatch.setattr(KeyIn, "imagine", told)
    known = problem(1, samples=60)
    proposal = propose("keyin")(known)
    assert proposal.subgoals.shape == (1, 7, 2)
    goal = known.tasks.scene.goal[0]
    assert np.linalg.norm(proposal.subgoals[0, 5] - goal) < 0.15
    assert (np.linalg.norm(np.diff(proposal.subgoals[0, :6], axis=0), axis=1) > 0).all()


@pytest.mark.parametrize("conditioning", [1, 3])
def test_surprise_takes_the_frames_before_the_surprising_ones(conditioning: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame surprises by the brightness of its first pixel. Frames count from the first that is predicted."""
    predicted = 31 - conditioning
    line, surprising = np.linspace([-0.5, -0.5], [0.5, 0.5], predicted), [3, 8, 13, 18, 23, predicted - 1]

    def drawn(model: object, conditioning: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        images = discs(np.broadcast_to(line, (*z.shape[:2], predicted, 2)))
        images[..., 0, 0, :] = 0
        images[:, :, surprising, 0, 0] = torch.arange(1.0, 0.4, -0.1)[:, None]
        return images

    recipe = check(RECIPE.model_dump(mode="json"), [f"window.conditioning={conditioning}", f"window.predicted={predicted}"])
    monkeypatch.setattr(Svg, "imagine", drawn)
    monkeypatch.setattr(Svg, "surprise", lambda model, images: images[:, 1:, 0, 0].mean(-1))
    proposal = propose("surprise")(replace(problem(1, samples=2), models={"surprise": model("surprise", recipe)}))
    assert proposal.subgoals.shape == (1, 7, 2)
    np.testing.assert_allclose(proposal.subgoals[0, :6], line[[2, 7, 12, 17, 22, predicted - 2]], atol=PIXEL / 4)


@pytest.mark.parametrize(("share", "copies"), [(0.5, False), (1.0, True)])
def test_tap_halves_the_way_over_and_over(share: float, copies: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    known = problem(2)

    def between(model: object, start: torch.Tensor, goal: torch.Tensor) -> torch.Tensor:
        ends = [latents.pucks(image) for image in (start, goal)]
        return discs(ends[0] + share * (ends[1] - ends[0]))

    monkeypatch.setattr(Tap, "bottleneck", between)
    proposal = propose("tap")(known)
    start, goal = known.tasks.scene.start, known.tasks.scene.goal
    shares = np.array([share**2, share, share + share * (1 - share), 1.0])
    expected = start[:, None] + shares[:, None] * (goal - start)[:, None]
    np.testing.assert_allclose(proposal.subgoals, expected, atol=2 * PIXEL)
    assert proposal.notes is not None
    assert proposal.notes["copies_goal"].tolist() == [copies] * 2
