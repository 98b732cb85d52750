from dataclasses import replace

import numpy as np
import pytest
import torch
from keyin_cli.discovery.selectors import SELECTORS, VARIANTS, refine

from keyin_cli.datasets.brownian import BrownianData, draw, simulate
from keyin_cli.discovery import selector as context_
from keyin_cli.discovery.selector import Context, chain_nodes
from keyin_cli.errors import InputError
from keyin_cli.model.keyin import Foundation, KeyIn
from keyin_cli.model.search import chain_costs, cheapest_chain
from keyin_cli.model.svg import Svg

# TODO variant
from keyin_cli.recipe import check

RECIPE = check(
    {
        "name": "small",
        "model": {"codec": {"kind": "mlp", "embedding": 8, "hidden": [16]}, "lstm": {"units": 16}, "latent": 4},
        "discovery": {"price": 30.0},
        "jumpy": {"offset": 6},
    }
)
FRAMES = draw(BrownianData(), simulate(BrownianData(), np.arange(7)).states)


def context(price: float | str = 30.0, seed: int = 0, stage: str = "keyin") -> Context:
    recipe = check(RECIPE.model_dump(mode="json"), [f"discovery.price={price}"])
    torch.manual_seed(0)
    models: dict[str, Foundation | KeyIn | Svg] = {"interpolator": Foundation(recipe)}
    if stage == "keyin":
        models = {"keyin": KeyIn(recipe), "surprise": Svg(recipe)}
        models |= {name: KeyIn(variant(recipe, name)) for name in VARIANTS}
    return Context({name: model.eval() for name, model in models.items()}, recipe, torch.device("cpu"), lambda: FRAMES, seed)


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


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("keyin", "keyin train"),
        ("keyin+refine", "keyin train"),
        ("static", "keyin baseline static"),
        ("surprise", "keyin baseline surprise"),
    ],
)
def test_what_was_not_trained_is_asked_for(name: str, command: str) -> None:
    with pytest.raises(InputError, match=command):
        SELECTORS[name](context(stage="interpolator")).select(FRAMES)


def test_static_and_jumpy_name_the_same_times_in_every_sequence() -> None:
    for name in ("static", "jumpy"):
        times = SELECTORS[name](context()).select(FRAMES)
        np.testing.assert_array_equal(times, np.repeat(times[:1], len(times), axis=0))
    np.testing.assert_array_equal(np.flatnonzero(times[0]) + 1, [6, 12, 18, 24, 30])


def test_surprise_names_m_frames_and_never_the_last() -> None:
    times = SELECTORS["surprise"](context()).select(FRAMES)
    np.testing.assert_array_equal(times.sum(axis=1), np.full(7, 6))
    assert not times[:, -1].any()


def test_refining_shortens_the_description_and_keeps_the_count() -> None:
    rng = np.random.default_rng(0)
    costs = rng.uniform(0, 50, (20, 31, 10)).astype(np.float32)
    costs[:, np.add.outer(np.arange(31), np.arange(1, 11)) > 30] = np.inf
    start = np.zeros((20, 30), dtype=bool)
    start[:, [5, 11, 17, 23]] = True
    refined = refine(costs, start)
    before, after = chain_costs(costs, start, 0.0), chain_costs(costs, refined, 0.0)
    assert (after < before).all()
    np.testing.assert_array_equal(refined.sum(axis=1), start.sum(axis=1))
    np.testing.assert_array_equal(refine(costs, refined), refined)


def test_refining_moves_what_the_search_would_find_not_what_is_named() -> None:
    """Keyframes named a frame earlier come out as the search names them; one before the end, which it would find there, stays."""
    selector = SELECTORS["keyin+refine"](context())
    earlier = check(RECIPE.model_dump(mode="json"), ["discovery.earlier=1"])
    shifted = SELECTORS["keyin+refine"](replace(context(), recipe=earlier))
    found, last = np.zeros((7, 30), bool), np.zeros((7, 30), bool)
    found[:, [5, 11, 17, 23]], last[:, 29] = True, True
    for each, named in ((selector, found), (shifted, np.roll(found, -1, axis=1) | last)):
        each.named.select = lambda frames, named=named: named
    plain = selector.select(FRAMES)
    np.testing.assert_array_equal(shifted.select(FRAMES), np.roll(plain, -1, axis=1) | last)


def test_refining_leaves_the_best_chain_alone() -> None:
    rng = np.random.default_rng(1)
    costs = rng.uniform(0, 50, (10, 31, 10)).astype(np.float32)
    costs[:, np.add.outer(np.arange(31), np.arange(1, 11)) > 30] = np.inf
    best = cheapest_chain(costs, 20.0)
    np.testing.assert_array_equal(refine(costs, best), best)


def test_the_expected_score_of_random_is_the_mean_of_draws() -> None:
    selector = SELECTORS["random"](context())
    labels = np.zeros((7, 30), dtype=bool)
    labels[:, ::7] = True
    assert 0.05 < selector.expected_f1(FRAMES, labels) < 0.3


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


def test_sequences_are_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shared, counted = context(), []
    plain = context_.segment_costs
    monkeypatch.setattr(context_, "segment_costs", lambda *given: counted.append(len(given[1])) or plain(*given))
    first = SELECTORS["search"](shared).select(FRAMES)
    SELECTORS["keyin+refine"](shared).select(FRAMES)
    np.testing.assert_array_equal(SELECTORS["search"](shared).select(FRAMES), first)
    assert sum(counted) == len(FRAMES)
    shared.costs(FRAMES[:3])
    assert sum(counted) == len(FRAMES) + 3


def test_nodes_cut_gaps_that_are_too_long() -> None:
    times = np.zeros(12, bool)
    times[8] = True
    assert chain_nodes(times, longest=4).tolist() == [0, 4, 8, 9, 12]
