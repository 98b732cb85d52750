"""Values that the checks of types would let pass: yes as a number, what is not finite, what no array holds."""

from pathlib import Path

import pytest

from keyin_cli import recipe
from keyin_cli.errors import Faults, InputError

TINY = "tiny/brownian"


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("train.steps=true", "train.steps: expected a number, not true"),
        ("pretrain.lengths=[true, 3]", "pretrain.lengths: expected a number, not true"),
        ("pretrain.lr=no", "pretrain.lr: expected a number, not false"),
        ("pretrain.lr=.inf", "pretrain.lr: Input should be a finite number"),
        ("pretrain.lr=.nan", "pretrain.lr: Input should be a finite number"),
        ("pretrain.lr=1e999", "pretrain.lr: Input should be a finite number"),
        ("window.max_offset=.nan", "window.max_offset: Input should be a finite number"),
        ("seed=9223372036854775808", "seed: a number beyond 9,223,372,036,854,775,807"),
        ("pretrain.batch=1000000001", "pretrain.batch: Input should be less than or equal to 1000000000"),
        ("data.n=10000001", "data.n: Input should be less than or equal to 10000000"),
        ("window.keyframes=31", "window.keyframes: 31 are more than the 30 predicted frames"),
        ("window.predicted=10001", "window.predicted: Input should be less than or equal to 10000"),
        ("model.lstm.layers=65", "model.lstm.layers: Input should be less than or equal to 64"),
        ('data.path="a\\0b"', "data.path: expected at most 4,000 characters, none of which is a control character"),
        (f"data.path={'x' * 5000}", "data.path: expected at most 4,000 characters"),
        ("seed=017", "--set seed=017: '017' is not a YAML value (line 1: 017 is octal"),
        ("soft=&a {steps: *a}", "is not a YAML value (line 1: it is nested deeper than 30 levels, or contains itself)"),
        (".".join("x" * 20) + "=1", "expected KEY=VALUE"),
        (f"keyin_search.phases.{'9' * 5000}.lr=1", "of a list"),
    ],
)
def test_what_is_no_value(override: str, line: str) -> None:
    with pytest.raises(InputError) as refused:
        recipe.load(TINY, [override])
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


def test_no_price_is_not_a_number() -> None:
    with pytest.raises(InputError, match=r"discovery\.price: Input should be a finite number"):
        recipe.load(TINY, ["discovery.price=.nan"])


def test_numbers_are_what_they_look_like() -> None:
    loaded = recipe.load(TINY, ["train.steps=1e2", "pretrain.lr=1e-2", "compile=yes", "name=1e5x"])
    assert (loaded.train.steps, loaded.pretrain.lr, loaded.compile, loaded.name) == (100, 0.01, True, "1e5x")
    assert recipe.check({**loaded.model_dump(mode="json")}) == loaded


@pytest.mark.parametrize("name", ["", ".", "..", "x" * 300, "x/" * 3000, "a\nb", "[/red]", "9" * 5000])
def test_names_that_are_no_recipes(name: str) -> None:
    with pytest.raises(InputError) as refused:
        recipe.load(name)
    assert "`keyin recipes list`" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_recipe_that_may_not_be_read_is_not_looked_for_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(InputError, match=r"^brownian cannot be read \(Permission denied\): give another recipe$"):
        recipe.find("brownian")


def test_thousands_of_faults_are_not_all_explained() -> None:
    with pytest.raises(Faults) as refused:
        recipe.check({"name": "x", **{f"k{number}": 1 for number in range(5000)}})
    assert len(refused.value.lines) <= 30
