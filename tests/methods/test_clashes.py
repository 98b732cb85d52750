"""Methods of other packages that clash with what there is, or cannot be imported: one clear line, and lists still work."""

import sys
from types import SimpleNamespace

import pytest

from keyin_cli.errors import InputError
from keyin_cli.methods.keyin import keyframe_stage
from keyin_cli.methods.method import Method
from keyin_cli.methods.registry import selector, stages
from keyin_cli.names import selecting
from keyin_cli.recipe import MethodSection
from keyin_cli.recipe.recipe import recipe_class
from keyin_cli.registry import METHODS, Card


class Other(MethodSection):
    steps: int = 1


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> object:
    def add(given: str, method: Method | None) -> None:
        if method:
            monkeypatch.setitem(sys.modules, "other_package", SimpleNamespace(METHOD=method))
        card = Card("other", "other_package", given=frozenset({given}))
        monkeypatch.setitem(METHODS.__dict__, "cards", {**METHODS.cards, "other": card})

    return add


@pytest.mark.parametrize("section", ["train", "surprise"])
def test_a_section_of_a_recipe_is_not_replaced(section: str, install: object) -> None:
    install("sections", Method(name="other", help="x", sections={section: Other}))
    with pytest.raises(InputError, match=f"method other of other_package adds a section {section}, which there is already"):
        recipe_class.__wrapped__()


def test_a_stage_is_not_replaced(install: object) -> None:
    install("stage", Method(name="other", help="x", stage=keyframe_stage("keyin")))
    with pytest.raises(InputError, match="method other of other_package trains a stage keyin, which another does"):
        stages()


def test_rows_that_cannot_be_read_are_listed_and_refused(install: object) -> None:
    install("selectors", None)
    assert selecting()[-1] == "other"
    with pytest.raises(InputError, match="method other of other_package cannot be loaded"):
        selector("other")
