from pathlib import Path
from typing import Any

import pytest

from keyin_cli import storage
from keyin_cli.errors import InputError

WHOLE = {"kind": "run", "recipe": {}, "inputs": {}, "command": "keyin train", "created": "now"}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"kind": 3}, "kind: "),
        ({"recipe": []}, "recipe: "),
        ({"inputs": {"dataset": {"path": "x"}}}, "inputs.dataset.sha256: "),
        ({"inputs": {"dataset": 3}}, "inputs.dataset: "),
        ({"command": None}, "command: "),
        ({"steps": "10"}, "steps: "),
        ({"steps": True}, "steps: "),
        ({"steps": -1}, "steps: "),
        ({"seconds": float("nan")}, "seconds: "),
        ({"metrics": {"val/loss": "low"}}, "metrics.val/loss: "),
        ({"part": [1]}, "part: "),
        ({"git": "abc"}, "git: "),
        ({"weights_sha256": "abc"}, "steps, seconds or metrics of finished weights are missing"),
    ],
)
def test_a_manifest_with_anything_else_than_it_should_have(change: dict[str, Any], what: str, tmp_path: Path) -> None:
    storage.write_json(tmp_path / "manifest.json", WHOLE)
    assert storage.read_manifest(tmp_path) == WHOLE
    storage.write_json(tmp_path / "manifest.json", WHOLE | change)
    with pytest.raises(InputError, match=r"manifest.json is no manifest of ours") as error:
        storage.read_manifest(tmp_path)
    assert what in str(error.value)


def test_what_every_manifest_has(tmp_path: Path) -> None:
    for key in WHOLE:
        storage.write_json(tmp_path / "manifest.json", {name: value for name, value in WHOLE.items() if name != key})
        with pytest.raises(InputError, match=f"{key}: Field required"):
            storage.read_manifest(tmp_path)
    for other in ([], "x", None, 3):
        storage.write_json(tmp_path / "manifest.json", other)
        with pytest.raises(InputError, match="is no manifest of ours"):
            storage.read_manifest(tmp_path)
