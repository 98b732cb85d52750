from dataclasses import replace

import numpy as np
import pytest
import torch
from small_brownian import frames, recipe

from keyin_cli.datasets.brownian import BrownianData, simulate
from keyin_cli.discovery.alignment import select
from keyin_cli.discovery.f1 import f1
from keyin_cli.discovery.selector import Sources
from keyin_cli.errors import InputError
from keyin_cli.methods import rows
from keyin_cli.methods.keyin import refine
from keyin_cli.methods.registry import selector as maker
from keyin_cli.methods.registry import stage as spec
from keyin_cli.model import search
from keyin_cli.model.keyin import Foundation, KeyIn
from keyin_cli.model.search import chain_costs, cheapest_chain
from keyin_cli.model.surprise import peaks
from keyin_cli.model.svg import Svg
from keyin_cli.names import selecting

FRAMES = frames(7)
LABELS = simulate(BrownianData(), np.arange(7)).keyframes[:, 5:]


VARIANTS = ("keyin-search", "jumpy", "static", "soft-embeddings", "soft-pixels")


def sources(price: float | str = 30.0, seed: int = 0, stage: str = "keyin") -> Sources:
    small = recipe("jumpy.offset=6", f"discovery.price={price}")
    torch.manual_seed(0)
    models: dict[str, Foundation | KeyIn | Svg] = {"interpolator": Foundation(small)}
    if stage == "keyin":
        models = {"keyin": KeyIn(small), "surprise": Svg(small)}
        models |= {name: KeyIn(spec(name).variant(small)) for name in VARIANTS}
    return Sources({name: model.eval() for name, model in models.items()}, small, torch.device("cpu"), lambda: FRAMES, seed)


@pytest.mark.parametrize("name", selecting())
def test_every_selector_keeps_the_signature(name: str) -> None:
    selector = maker(name)(sources())
    times = select(selector, FRAMES, LABELS)
    predicted = selector.predict(FRAMES[:2], times[:2])
    assert times.shape == (7, 30)
    assert times.dtype == bool
    assert times.any(axis=1).all()
    assert predicted.shape == (2, 30, 32, 32, 1)
    assert predicted.dtype == np.uint8


@pytest.mark.parametrize("name", ["search", "keyin+refine", "constant", "random", "surprise"])
def test_drawing_takes_the_times_that_were_selected(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    selector = maker(name)(sources())
    times = select(selector, FRAMES, LABELS)
    monkeypatch.setattr(selector, "select", None)  # a second search would cost as much as the first, and sample anew
    assert (selector.predict(FRAMES[2:4], times[2:4]) != selector.predict(FRAMES[2:4], ~times[2:4])).any()


@pytest.mark.parametrize("name", ["keyin", "search"])
def test_a_sequence_is_judged_alone(name: str) -> None:
    selector = maker(name)(sources())
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
        maker(name)(sources(stage="interpolator")).select(FRAMES)


def test_surprise_alone_can_be_evaluated() -> None:
    whole = sources()
    alone = replace(whole, models={"surprise": whole.models["surprise"]})
    made = {row: make(alone) for row, make in rows.selectors([], alone.models).items()}
    assert list(made) == ["surprise"]
    np.testing.assert_array_equal(made["surprise"].select(FRAMES), maker("surprise")(whole).select(FRAMES))
    drawn = made["surprise"].predict(FRAMES[:2], np.zeros((2, 30), bool))
    assert drawn.shape == (2, 30, 32, 32, 1)  # its own reconstruction: there is no interpolator
    with pytest.raises(InputError, match="these weights have no interpolator"):
        maker("search")(alone).select(FRAMES)


def test_what_is_evaluated_is_what_the_weights_allow() -> None:
    models = sources().models
    assert list(rows.selectors([], models)) == selecting()
    assert list(rows.selectors([], {"jumpy": models["jumpy"]})) == ["search", "jumpy", "constant", "uniform", "random"]
    assert list(rows.selectors([], sources(stage="interpolator").models)) == ["search", "constant", "uniform", "random"]
    with pytest.raises(InputError, match="no keyframes can be detected with weights of tap alone"):
        rows.selectors([], {"tap": torch.nn.Linear(1, 1)})
    with pytest.raises(InputError, match=r"^no selector oracle: there are keyin, keyin\+refine, keyin-search, search"):
        rows.selectors(["oracle"], models)


def test_static_and_jumpy_select_the_same_times_in_every_sequence() -> None:
    for name in ("static", "jumpy"):
        times = maker(name)(sources()).select(FRAMES)
        np.testing.assert_array_equal(times, np.repeat(times[:1], len(times), axis=0))
    np.testing.assert_array_equal(np.flatnonzero(times[0]) + 1, [6, 12, 18, 24, 30])


def test_surprise_selects_m_frames_and_never_the_last() -> None:
    times = maker("surprise")(sources()).select(FRAMES)
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


def test_refining_moves_what_the_search_would_find_not_what_is_selected() -> None:
    """Keyframes named a frame earlier come out as the search names them; one before the end, which it would find there, stays."""
    selector = maker("keyin+refine")(sources())
    earlier = recipe("jumpy.offset=6", "discovery.price=30", "discovery.shift=-1")
    shifted = maker("keyin+refine")(replace(sources(), recipe=earlier))
    found, last = np.zeros((7, 30), bool), np.zeros((7, 30), bool)
    found[:, [5, 11, 17, 23]], last[:, 29] = True, True
    for each, named in ((selector, found), (shifted, np.roll(found, -1, axis=1) | last)):
        each.unrefined.select = lambda frames, named=named: named
    plain = selector.select(FRAMES)
    np.testing.assert_array_equal(shifted.select(FRAMES), np.roll(plain, -1, axis=1) | last)


def test_refining_leaves_the_best_chain_alone() -> None:
    rng = np.random.default_rng(1)
    costs = rng.uniform(0, 50, (10, 31, 10)).astype(np.float32)
    costs[:, np.add.outer(np.arange(31), np.arange(1, 11)) > 30] = np.inf
    best = cheapest_chain(costs, 20.0)
    np.testing.assert_array_equal(refine(costs, best), best)


def test_the_expected_score_of_random_is_the_mean_of_draws() -> None:
    labels = np.zeros((7, 30), dtype=bool)
    labels[:, ::7] = True
    draws = [maker("random")(sources(seed=seed)).select(FRAMES) for seed in range(50)]
    expected = np.mean([f1(each, labels, 0) for each in draws])
    assert maker("random")(sources()).expected_f1(FRAMES, labels) == pytest.approx(expected)


def test_auto_price_is_what_a_frame_costs_alone() -> None:
    selector = maker("search")(sources("auto"))
    assert 30 < selector.settings["price"] < 50
    assert maker("search")(sources(12.5)).settings["price"] == 12.5


def test_random_depends_on_the_seed_and_spaces_by_at_most_s() -> None:
    first, again, other = (maker("random")(sources(seed=seed)).select(FRAMES) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert all(np.diff(np.flatnonzero(row)).max(initial=0) <= 10 for row in first)


def test_constant_is_the_same_for_every_sequence() -> None:
    selector = maker("constant")(sources())
    times = select(selector, FRAMES, LABELS)
    offset = int(selector.settings["offset"])
    assert (times == times[0]).all()
    assert np.flatnonzero(times[0])[0] == offset - 1
    assert set(np.diff(np.flatnonzero(times[0]))) <= {offset}


def test_sequences_are_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shared, counted = sources(), []
    plain = search.segment_costs
    monkeypatch.setattr(search, "segment_costs", lambda *given: counted.append(len(given[1])) or plain(*given))
    first = maker("search")(shared).select(FRAMES)
    maker("keyin+refine")(shared).select(FRAMES)
    np.testing.assert_array_equal(maker("search")(shared).select(FRAMES), first)
    assert sum(counted) == len(FRAMES)
    shared.costs(FRAMES[:3])
    assert sum(counted) == len(FRAMES) + 3


def test_uniform_is_told_how_many_and_spaces_them_evenly() -> None:
    selector = maker("uniform")(sources())
    times = select(selector, FRAMES, LABELS)
    np.testing.assert_array_equal(times.sum(1), LABELS.sum(1))
    for row in times:
        gaps = np.diff(np.concatenate([[0], np.flatnonzero(row) + 1, [31]]))
        assert gaps.max() - gaps.min() <= 2
    with pytest.raises(InputError, match="uniform is told the true number"):
        selector.select(FRAMES)


def test_surprise_with_its_number_describes_no_sequence_worse_than_any_fixed_number() -> None:
    selector = maker("surprise+number")(sources())
    costs, scores = sources().costs(FRAMES), selector._scores(FRAMES)[:, 5:]
    lengths = chain_costs(costs, selector.select(FRAMES), 30.0)
    assert np.isfinite(lengths).all()
    for number in range(30):
        times = np.pad(peaks(scores, number), ((0, 0), (0, 1)))
        assert (lengths <= chain_costs(costs, times, 30.0) + 1e-6).all()
