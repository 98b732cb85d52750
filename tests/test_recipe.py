import json
import pickle
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyin_cli import recipe
from keyin_cli.datasets.brownian import BrownianData
from keyin_cli.datasets.own import ZarrData
from keyin_cli.errors import InputError
from keyin_cli.methods.surprise import Surprise
from keyin_cli.methods.tap import Tap
from keyin_cli.recipe import check, differences, digest, load
from keyin_cli.recipe.model import model_section
from keyin_cli.recipe.recipe import recipe_class
from keyin_cli.registry import CODECS, DATASETS, Card, Registry

MINIMAL = {"name": "x", "data": {"kind": "brownian"}}


@pytest.mark.parametrize("path", recipe.shipped(), ids=lambda path: str(path.relative_to(recipe.folder())))
def test_shipped(path: Path, tmp_path: Path) -> None:
    resolved = load(path)
    assert recipe.about(path)
    assert f"recipes/{path.relative_to(recipe.folder())}" in path.read_text()  # its own command stands in its header
    (tmp_path / "shown.yaml").write_text(recipe.to_yaml(resolved))
    assert load(tmp_path / "shown.yaml") == resolved
    assert check(json.loads(json.dumps(resolved.model_dump(mode="json")))) == resolved


def test_shipped_names_differ() -> None:
    names = [load(path).name for path in recipe.shipped()]
    assert len(set(names)) == len(names) >= 4


@pytest.mark.parametrize("name", ["brownian", "recipes/brownian.yaml", "recipes/brownian", "brownian.yaml"])
def test_a_shipped_recipe_is_found_by_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert recipe.find(name) == recipe.folder() / "brownian.yaml"


def test_a_file_goes_before_a_shipped_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "brownian.yaml").write_text("name: mine")
    assert load("brownian.yaml").name == "mine"


# ---------------------------------------------------------------- overrides


@pytest.mark.parametrize(
    ("override", "keys", "value"),
    [
        ("train.lr=1e-3", ("train", "phases", 0, "lr"), 1e-3),  # YAML 1.1 reads 1e-3 as a string
        ("train.lr=5.0e-4", ("train", "phases", 0, "lr"), 5e-4),
        ("train.steps=7", ("train", "phases", 0, "steps"), 7),
        ("pretrain.lengths=[2, 8]", ("pretrain", "lengths"), [2, 8]),
        ("name=other", ("name",), "other"),
        ("discovery.price=auto", ("discovery", "price"), "auto"),
        ("discovery.price=3", ("discovery", "price"), 3.0),
        ("discovery.price=3e1", ("discovery", "price"), 30.0),
        ("data.split.val=0.01", ("data", "split", "val"), 0.01),
        ("model.codec={kind: conv, channels: [4]}", ("model", "codec"), {"kind": "conv", "embedding": 64, "channels": [4]}),
        ("model.inference={kind: bare}", ("model", "inference"), {"kind": "bare"}),
    ],
)
def test_override(override: str, keys: tuple[Any, ...], value: object) -> None:
    tree: Any = check(MINIMAL, [override]).model_dump(mode="json")
    for key in keys:
        tree = tree[key]
    assert tree == value
    assert type(tree) is type(value)


def test_overrides_leave_the_tree_alone_and_the_last_one_wins() -> None:
    tree = {**MINIMAL, "train": {"lr": 1e-4}}
    assert check(tree, ["train.lr=2e-4", "train.lr=3e-4"]).train.phases[0].lr == 3e-4
    assert tree == {**MINIMAL, "train": {"lr": 1e-4}}


def test_exponents_without_a_point_are_numbers_in_files(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\ntrain: {lr: 1e-3, weights: {kl: 5E-2}}")
    (phase,) = load(tmp_path / "mine.yaml").train.phases
    assert (phase.lr, phase.weights.kl) == (1e-3, 5e-2)


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("trian.lr=1", "recipe: trian.lr: unknown key; did you mean train.lr?"),
        ("model.codec.embeding=1", "recipe: model.codec.embeding: unknown key; did you mean model.codec.embedding?"),
        ("model.codec.hiden=[1]", "recipe: model.codec.hiden: unknown key; did you mean model.codec.hidden?"),
        (
            "model.interpolator.latnet=1",
            "recipe: model.interpolator.latnet: unknown key; did you mean model.interpolator.latent?",
        ),
        ("model.inference.kernel=[1]", "recipe: model.inference.kernel: unknown key; did you mean model.inference.kernels?"),
        ("data.sizes=1", "recipe: data.sizes: unknown key; did you mean data.size?"),
        ("model.codec.channels=[4]", "recipe: model.codec.channels: only another kind has this key"),
        ("window.keyframes=0", "recipe: window.keyframes: Input should be greater than or equal to 1"),
        ("pretrain.lengths=[3, 2]", "recipe: pretrain.lengths: 3 to 2 is empty"),
        ("data.split.train=0.99", "recipe: data.split.train: train + val is 1.04, more than 1"),
        ("data.speed=5", "recipe: data.speed: 8 frames at 5 px can leave the frame; at most 1.68 fits"),
        ("model.inference.kernels=[4]", "recipe: model.inference.kernels: only odd sizes keep a frame in its place"),
        ("discovery.shift=-30", "recipe: discovery.shift: -30 frames leave none of the 30 predicted ones"),
        ("train.lr", "--set train.lr: expected KEY=VALUE, for example --set train.lr=1e-3"),
        ("=3", "--set =3: expected KEY=VALUE, for example --set train.lr=1e-3"),
        ("name.first=3", "--set name.first=3: name has no keys below it"),
    ],
)
def test_a_wrong_override(override: str, line: str) -> None:
    model = {"codec": {"kind": "mlp"}, "interpolator": {"kind": "stochastic"}, "inference": {"kind": "temporal"}}
    with pytest.raises(InputError, match=f"^{re.escape(line)}$"):
        check({**MINIMAL, "model": model}, [override])


# ---------------------------------------------------------------- validation


def test_all_problems_at_once() -> None:
    tree = {
        "data": {"kind": "brownian", "n": 0, "colour": "red"},
        "window": {"keyframes": 2},
        "model": {"codec": {"kind": "transformer"}},
        "train": {"lr": -1, "objective": "vibes"},
        "pretrane": {"steps": 1},
    }
    with pytest.raises(InputError) as raised:
        check(tree, source="mine.yaml")
    lines = str(raised.value).splitlines()
    assert all(line.startswith("mine.yaml: ") for line in lines)
    assert [line.split(": ")[1] for line in lines] == [
        "data.colour",
        "data.n",
        "model.codec",
        "name",
        "pretrane.steps",
        "train.lr",
        "train.objective",
        "window.predicted",
    ]


def test_problems_between_sections_at_once() -> None:
    tree = {**MINIMAL, "model": {"codec": {"kind": "conv", "channels": [4] * 6}}, "pretrain": {"lengths": [1, 11]}}
    with pytest.raises(InputError) as raised:
        check(tree, ["data.frames=34"])
    assert str(raised.value).splitlines() == [
        "recipe: data.frames: 34 frames are shorter than window.conditioning + window.predicted = 35",
        "recipe: model.codec.channels: 6 halvings need image sides divisible by 64",
        "recipe: pretrain.lengths: 11 frames exceed window.max_offset = 10",
    ]


def test_recipes_from_before_the_shift_say_by_how_much_keyframes_are_earlier() -> None:
    assert check({**MINIMAL, "discovery": {"earlier": 1}}) == check(MINIMAL, ["discovery.shift=-1"])
    assert check(MINIMAL, ["discovery.earlier=2"]).discovery.shift == -2
    weights = {**MINIMAL, "discovery": {"price": "auto", "earlier": 0}}
    assert check(weights, ["discovery.shift=-1"]).discovery.shift == -1  # which older weights can be told


@pytest.mark.parametrize("discovery", [{"earlier": 1, "shift": 0}, {"earlier": 1, "shift": 1}, {"earlier": -1}, {"earlier": "1"}])
def test_earlier_in_another_sense_is_refused(discovery: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"discovery.earlier: is called shift now, and shift: -1 is what earlier: 1 was"):
        check({**MINIMAL, "discovery": discovery})


def test_methods_add_their_sections() -> None:
    resolved = check(MINIMAL, ["surprise.steps=7", "tap.margin=3"])
    assert (resolved.section(Surprise).steps, resolved.section(Tap).margin) == (7, 3)
    assert {"surprise", "tap", "jumpy"} <= set(resolved.model_dump())
    with pytest.raises(InputError, match=r"recipe: jumpy\.offset: 11 frames exceed window\.max_offset = 10"):
        check(MINIMAL, ["jumpy.offset=11"])


def test_recipes_can_be_sent_to_other_processes() -> None:
    resolved = check(MINIMAL, ["tap.margin=3", "discovery.price=2"])
    assert pickle.loads(pickle.dumps(resolved)) == resolved


def test_your_own_data() -> None:
    data = {"kind": "zarr", "path": "own.zarr", "frames": 35, "height": 24, "width": 40, "channels": 3}
    resolved = check({"name": "x", "data": data})
    assert isinstance(resolved.data, ZarrData)
    assert resolved.data.image == (24, 40, 3)
    with pytest.raises(InputError, match=r"data\.width: Field required"):
        check({"name": "x", "data": {key: value for key, value in data.items() if key != "width"}})


def test_data_section(tmp_path: Path) -> None:
    assert recipe.data_section("brownian", ["size=40"], {"n": 5}) == BrownianData(size=40, n=5)
    assert recipe.data_section("brownian", ["n=6", "seed=2"], {"n": 5}) == BrownianData(n=5, seed=2)  # as when training
    tiny = recipe.data_section("tiny/brownian", [], {"seed": 3})
    assert (tiny.n, tiny.seed, tiny.path) == (2400, 3, "artifacts/data/tiny-brownian.zarr")
    own = "name: own\ndata: {kind: zarr, path: own.zarr, frames: 35, height: 8, width: 8, channels: 1}"
    (tmp_path / "own.yaml").write_text(own)
    with pytest.raises(InputError, match="there is nothing to generate"):
        recipe.data_section(str(tmp_path / "own.yaml"), [], {})


# ---------------------------------------------------------------- packages that are broken


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Gives kinds of data or codecs a card of a package that cannot be used."""

    def put(registry: Registry[object], *cards: Card) -> None:
        monkeypatch.setitem(registry.__dict__, "cards", registry.cards | {card.name: card for card in cards})

    monkeypatch.setattr("keyin_cli.recipe.reading.recipe_class", recipe_class.__wrapped__)  # neither is remembered
    monkeypatch.setattr("keyin_cli.recipe.recipe.model_section", model_section.__wrapped__)
    return put


@pytest.mark.parametrize(("registry", "key"), [(DATASETS, "data"), (CODECS, "model.codec")], ids=["data", "codec"])
def test_only_the_use_of_what_is_broken_is_refused(registry: Registry[object], key: str, broken: Callable[..., None]) -> None:
    broken(registry, Card("other", "other_package", problem="other cannot be loaded"), Card("none", "nothing_there"))
    assert check(MINIMAL).data.kind == "brownian"
    for kind, reason in (("other", "other cannot be loaded"), ("none", r".* none of nothing_there cannot be loaded \(.*")):
        with pytest.raises(InputError, match=rf"^recipe: {key}\.kind: {reason}$"):
            check(MINIMAL, [f"{key}.kind={kind}"])


def test_a_default_that_cannot_be_used_is_replaced_by_no_other(broken: Callable[..., None]) -> None:
    first, codec = (next(iter(registry.cards.values())) for registry in (DATASETS, CODECS))
    pushing = {"kind": "pushing", "frames": 35}
    broken(DATASETS, replace(first, problem="two kinds are called brownian"))
    with pytest.raises(InputError, match=r"^recipe: data: Field required$"):
        check({"name": "x"})
    assert check({"name": "x", "data": pushing}).data.kind == "pushing"
    broken(CODECS, replace(codec, problem="two codecs are called mlp"))
    with pytest.raises(InputError, match="two codecs are called mlp"):
        check({"name": "x", "data": pushing})
    assert check({"name": "x", "data": pushing, "model": {"codec": {"kind": "conv"}}}).model.codec.kind == "conv"


# ---------------------------------------------------------------- comparing


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def reversed_keys(tree: object) -> object:
    if isinstance(tree, dict):
        return {key: reversed_keys(value) for key, value in reversed(tree.items())}
    return [reversed_keys(value) for value in tree] if isinstance(tree, list) else tree


@settings(max_examples=50, deadline=None)
@given(trees)
def test_digest_is_independent_of_key_order(tree: object) -> None:
    assert digest(tree) == digest(reversed_keys(tree))


def test_digest_sees_values_and_list_order() -> None:
    assert len({digest(tree) for tree in ({"a": 1}, {"a": 2}, {"b": 1}, {"a": [1, 2]}, {"a": [2, 1]})}) == 5


def test_differences() -> None:
    old = {"a": 1, "b": {"c": 0.1 + 0.2, "d": [1]}, "gone": 0}
    new = {"a": 2, "b": {"c": 0.3, "d": [2]}, "new": {"x": 1}}
    assert differences(old, new) == ["a: 1 -> 2", "b.d.0: 1 -> 2", "gone: 0 -> None", "new: None -> {'x': 1}"]


@settings(max_examples=50, deadline=None)
@given(trees)
def test_nothing_differs_from_itself(tree: object) -> None:
    assert differences(tree, reversed_keys(tree)) == []


def test_a_recipe_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        check(MINIMAL).seed = 3


def test_an_objective_without_pixels_has_no_weight_for_them() -> None:
    pixels = ["train.weights.keyframe_pixels=1"]
    assert check(MINIMAL, ["train.objective=soft-pixels", *pixels]).train.phases[0].weights.keyframe_pixels == 1
    with pytest.raises(InputError, match=r"recipe: train\.weights\.keyframe_pixels: the objective search compares no pixels"):
        check(MINIMAL, ["train.objective=search", *pixels])
