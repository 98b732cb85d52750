import numpy as np
import pytest
import torch

from keyin_cli.data.brownian import draw, simulate
from keyin_cli.discovery.context import Context, chain_nodes
from keyin_cli.discovery.selectors import SELECTORS
from keyin_cli.errors import InputError
from keyin_cli.model.keyin import Foundation, KeyIn
from keyin_cli.recipe import BrownianData, check

RECIPE = check(
    {
        "name": "small",
        "model": {"codec": {"kind": "mlp", "embedding": 8, "hidden": [16]}, "lstm": {"units": 16}, "latent": 4},
        "discovery": {"price": 30.0},
    }
)
FRAMES = draw(BrownianData(), simulate(BrownianData(), np.arange(7)).states)


def context(price: float | str = 30.0, seed: int = 0, stage: str = "keyin") -> Context:
    recipe = check(RECIPE.model_dump(mode="json"), [f"discovery.price={price}"])
    torch.manual_seed(0)
    model = KeyIn(recipe) if stage == "keyin" else Foundation(recipe)
    return Context(model.eval(), recipe, torch.device("cpu"), lambda: FRAMES, seed)


@pytest.mark.parametrize("name", SELECTORS)
def test_every_selector_keeps_the_signature(name: str) -> None:
    selector = SELECTORS[name](context())
    times, predicted = selector.select(FRAMES), selector.predict(FRAMES[:2])
    assert times.shape == (7, 30)
    assert times.dtype == bool
    assert times.any(axis=1).all()
    assert predicted.shape == (2, 30, 32, 32, 1)
    assert predicted.dtype == np.uint8


@pytest.mark.parametrize("name", ["keyin", "search"])
def test_a_sequence_is_judged_alone(name: str) -> None:
    selector = SELECTORS[name](context())
    np.testing.assert_array_equal(selector.select(FRAMES[3:4])[0], selector.select(FRAMES)[3])


def test_keyin_needs_a_keyframe_model() -> None:
    with pytest.raises(InputError, match="use --selector search"):
        SELECTORS["keyin"](context(stage="interpolator"))


def test_auto_price_is_what_a_frame_costs_alone() -> None:
    selector = SELECTORS["search"](context("auto"))
    assert 30 < selector.settings["price"] < 50
    assert SELECTORS["search"](context(12.5)).settings["price"] == 12.5


def test_random_depends_on_the_seed_and_spaces_by_at_most_s() -> None:
    first, again, other = (SELECTORS["random"](context(seed=seed)).select(FRAMES) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert all(np.diff(np.flatnonzero(row)).max(initial=0) <= 10 for row in first)


def test_constant_is_the_same_for_every_sequence() -> None:
    selector = SELECTORS["constant"](context())
    times = selector.select(FRAMES)
    offset = int(selector.settings["offset"])
    assert (times == times[0]).all()
    assert np.flatnonzero(times[0])[0] == offset - 1
    assert set(np.diff(np.flatnonzero(times[0]))) <= {offset}


def test_nodes_cut_gaps_that_are_too_long() -> None:
    times = np.zeros(12, bool)
    times[8] = True
    assert chain_nodes(times, longest=4).tolist() == [0, 4, 8, 9, 12]
