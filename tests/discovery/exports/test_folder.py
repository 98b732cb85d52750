"""The folder of exports: whole or not there, and nothing of others is replaced."""

import json
import os
from pathlib import Path

import pytest

from keyin_cli.discovery import exports
from keyin_cli.discovery.exports import FORMATS, Format
from keyin_cli.discovery.exports.folder import export
from keyin_cli.discovery.found import Found, FoundEpisode, write
from keyin_cli.errors import InputError, RunError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "k.json", Found(episodes=[FoundEpisode(episode=3, keyframes=[1])]))
    return tmp_path / "k.json"


def left(folder: Path) -> list[str]:
    """Everything in a folder but locks."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if not file.name.endswith(".lock"))


def test_a_folder_for_each_format(path: Path) -> None:
    export(path, ["csv", "label-studio"], path.parent / "out")
    files = ["csv", "csv/keyframes.csv", "label-studio", "label-studio/config.xml", "label-studio/tasks.json", "manifest.json"]
    assert left(path.parent / "out") == files
    manifest = json.loads((path.parent / "out" / "manifest.json").read_text())
    assert (manifest["kind"], manifest["recipe"]) == ("export", {"to": ["csv", "label-studio"]})
    assert len(manifest["inputs"]["keyframes"]["sha256"]) == 64


def test_a_failure_leaves_what_was_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = path.parent / "out"
    export(path, ["csv"], out)
    before = left(path.parent)

    def fail(found: Found, folder: Path, _: object) -> None:
        (folder / "half").touch()
        raise OSError(5, os.strerror(5))

    monkeypatch.setitem(exports.FORMATS, "failing", Format("fails", fail))
    with pytest.raises(RunError, match=r"Input/output error while writing .*out; nothing finished is lost"):
        export(path, ["csv", "failing"], out, overwrite=True)
    assert left(path.parent) == before


def test_inputs_are_not_replaced(path: Path) -> None:
    out = path.parent / "out"
    export(path, ["csv"], out)
    inside = path.rename(out / "k.json")
    with pytest.raises(InputError, match=r"k.json is in .*out, which would be replaced: give another --out"):
        export(inside, ["csv"], out, overwrite=True)
    assert inside.is_file()


@pytest.mark.parametrize("out", ["", ".", ".."])
def test_no_folder_of_its_own(out: str, path: Path) -> None:
    with pytest.raises(InputError, match=r"--out \.+: give a folder of its own"):
        export(path, ["csv"], Path(out))


def test_a_link_to_nowhere_is_left_alone(path: Path) -> None:
    out = path.parent / "out"
    out.symlink_to("nowhere")
    with pytest.raises(InputError, match="out was not made by keyin export, it is left alone"):
        export(path, ["csv"], out, overwrite=True)
    assert out.is_symlink()


def test_a_name_that_is_too_long(path: Path) -> None:
    with pytest.raises(InputError, match=r"File name too long"):
        export(path, ["csv"], path.parent / ("x" * 230))
    with pytest.raises(InputError, match=r"File name too long"):
        export(path, ["csv"], path.parent / ("x" * 300))
    assert left(path.parent) == ["k.json"]


def test_every_format_is_explained() -> None:
    assert all(each.help for each in FORMATS.values())
