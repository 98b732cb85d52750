from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from keyin_cli import storage
from keyin_cli.datasets.brownian import BrownianData, draw, simulate
from keyin_cli.errors import InputError
from keyin_cli.model.keyin import Foundation
from keyin_cli.recipe import Window, check
from keyin_cli.training import targets

RECIPE = check({"name": "small", "model": {"codec": {"kind": "mlp", "embedding": 8, "hidden": [16]}, "lstm": {"units": 16}}})
FRAMES = draw(BrownianData(), simulate(BrownianData(), np.arange(12)).states)


def test_offsets_say_what_is_known() -> None:
    window = Window(conditioning=1, predicted=9, keyframes=3, max_offset=5)
    keyframes = np.zeros((4, 9), bool)
    keyframes[0, [2, 6]] = True  # times 3 and 7; two frames are left
    keyframes[1, [0, 1, 2, 3]] = True  # more than M
    keyframes[2, [3, 5, 7]] = True  # exactly M
    assert targets.to_offsets(keyframes, window).tolist() == [[3, 4, -2], [1, 1, 1], [4, 2, 2], [-9, 0, 0]]


def costs(folder: Path, workers: int = 1, count: int = 12) -> np.ndarray:
    torch.manual_seed(0)
    return targets.sequence_costs(Foundation(RECIPE), FRAMES[:, 4:], count, folder, workers)


def test_the_search_continues_and_does_not_depend_on_the_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = costs(tmp_path / "whole")
    assert whole.shape == (12, 31, 10)
    monkeypatch.setattr(targets, "PIECE", 5)
    monkeypatch.setattr(targets, "BATCH", 5)
    np.testing.assert_allclose(costs(tmp_path / "pieces"), whole, rtol=1e-4)
    assert len(list((tmp_path / "pieces").iterdir())) == 3
    monkeypatch.setattr(targets, "segment_costs", None)  # nothing is searched again
    np.testing.assert_allclose(costs(tmp_path / "pieces"), whole, rtol=1e-4)


def test_several_processes_find_what_one_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "PIECE", 3)
    np.testing.assert_allclose(costs(tmp_path / "two", workers=2), costs(tmp_path / "one"), rtol=1e-5)


def test_a_part_is_the_beginning_of_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Phases ask for different numbers of sequences, and find each other's files."""
    monkeypatch.setattr(targets, "PIECE", 5)
    part = costs(tmp_path, count=7)
    assert part.shape == (7, 31, 10)
    np.testing.assert_array_equal(costs(tmp_path)[:7], part)
    np.testing.assert_array_equal(costs(tmp_path, count=3), part[:3])


def test_others_may_read_what_was_searched(tmp_path: Path) -> None:
    costs(tmp_path / "costs", count=1)
    (tmp_path / "usual").touch()
    assert [file.stat().st_mode for file in (tmp_path / "costs").glob("*.safetensors")] == [(tmp_path / "usual").stat().st_mode]


def test_who_has_waited_finds_what_another_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = storage.locked

    @contextmanager
    def another_first(path: Path) -> Iterator[None]:
        monkeypatch.setattr(storage, "locked", locked)
        found.append(costs(tmp_path / "folder"))
        monkeypatch.setattr(targets, "segment_costs", None)  # nothing is searched again
        with locked(path):
            yield

    found: list[np.ndarray] = []
    monkeypatch.setattr(storage, "locked", another_first)
    np.testing.assert_array_equal(costs(tmp_path / "folder"), found[0])
    assert [file.name for file in (tmp_path / "folder").iterdir()] == ["000000.safetensors"]


@pytest.mark.parametrize("damage", ["truncated", "name", "shape", "type", "infinite", "finite", "value"])
def test_damaged_costs_are_not_trained_on(damage: str, tmp_path: Path) -> None:
    costs(tmp_path)
    file = tmp_path / "000000.safetensors"
    found = load_file(file)["costs"]
    if damage == "truncated":
        file.write_bytes(file.read_bytes()[:-1])
    elif damage == "value":  # which only the hash beside it shows
        content = bytearray(file.read_bytes())
        content[-len(found.tobytes())] ^= 1
        file.write_bytes(content)
    else:
        found = found[1:] if damage == "shape" else found.astype(np.float64) if damage == "type" else found.copy()
        found[0, 0, 0] = np.inf if damage == "infinite" else found[0, 0, 0]
        found[0, -1, -1] = 0 if damage == "finite" else found[0, -1, -1]
        save_file({"name" if damage == "name" else "costs": found}, file)
    with pytest.raises(InputError, match=r"000000.safetensors is damaged \(.*\): delete it to have it searched again"):
        costs(tmp_path)
    file.unlink()
    assert costs(tmp_path).shape == (12, 31, 10)


def test_costs_from_before_their_hash_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = costs(tmp_path)
    save_file({"costs": load_file(tmp_path / "000000.safetensors")["costs"]}, tmp_path / "000000.safetensors")
    monkeypatch.setattr(targets, "segment_costs", None)  # nothing is searched again
    np.testing.assert_array_equal(costs(tmp_path), whole)
