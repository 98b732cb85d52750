"""What cannot be tabled is refused before anything is trained."""

from pathlib import Path

import pytest

from keyin_cli.discovery.table import Settings, more_seeds, table
from keyin_cli.errors import InputError
from keyin_cli.methods import checkpoints, tap
from keyin_cli.methods.method import Method
from keyin_cli.recipe import load
from keyin_cli.training.spec import StageSpec


@pytest.mark.parametrize("stage", [tap.STAGE, None], ids=["another model", "no model"])
def test_what_predicts_nothing_cannot_be_compared(
    stage: StageSpec | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    other = Method(name="other", help="x", stage=stage, predicts=True)
    with pytest.raises(InputError, match="method other says predicts=True and trains no model with `reconstruct` and `sample`"):
        table(load("tiny/brownian"), [other], Settings(), checkpoints.load)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("first", "more"), [(0, [1, 2]), (2, [0, 1]), (1, [0, 2]), (7, [0, 1])])
def test_a_recipe_with_a_later_seed_trains_no_other_seeds(first: int, more: list[int]) -> None:
    assert more_seeds(first, 3) == more
    assert more_seeds(first, 1) == []
