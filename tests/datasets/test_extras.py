from pathlib import Path

import pytest
from processes import Keyin, complaint

from keyin_cli.datasets import extras
from keyin_cli.errors import InputError


def test_what_is_there_and_what_is_missing() -> None:
    extras.check("a kind", "numpy")
    with pytest.raises(InputError, match=r"a kind needs the package no_such_thing, .*: pip install 'keyin\[benchmark\]'"):
        extras.check("a kind", "no_such_thing")


@pytest.mark.parametrize(("kind", "package"), [("ogbench-scene", "ogbench"), ("gridworld", "minigrid")])
@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_kind_whose_package_is_missing(
    kind: str, package: str, more: tuple[str, ...], here: Keyin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    line = f"{kind} needs the package {package}, which is not installed: pip install 'keyin[benchmark]'"
    complaint(here("gen-data", kind, "--n", "2", *more, cwd=tmp_path), line)
    assert not list(tmp_path.iterdir())
