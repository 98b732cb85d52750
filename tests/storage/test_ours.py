"""What may be deleted: only what carries our manifest for that very thing, never through a link."""

import re
from pathlib import Path

import pytest

from keyin_cli import storage
from keyin_cli.errors import InputError

MANIFEST = {"kind": "run", "stage": "keyin", "recipe": {"method": "a"}, "inputs": {}, "command": "keyin train", "created": "now"}


def ours(folder: Path) -> Path:
    storage.write_json(folder / "manifest.json", MANIFEST)
    (folder / "weights").write_text("work")
    return folder


def test_ours_is_removed_whole(tmp_path: Path) -> None:
    storage.remove_ours(ours(tmp_path / "a"), "run", stage="keyin")
    storage.remove_ours(ours(tmp_path / "b"), "run", method="a")
    storage.remove_ours(tmp_path / "nothing", "run", stage="keyin")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "said", "line"),
    [
        ("plan", {}, "folder holds a run, it is left alone: give another --out"),
        ("run", {"stage": "tap"}, "folder holds a run keyin, it is left alone"),
        ("run", {"method": "b"}, "folder holds a run a, it is left alone"),
        ("run", {"other": "b"}, "folder holds a run, it is left alone"),
    ],
)
def test_another_thing_of_ours_stays(kind: str, said: dict[str, str], line: str, tmp_path: Path) -> None:
    folder = ours(tmp_path / "folder")
    for refuse in (storage.remove_ours, storage.check_ours):
        with pytest.raises(InputError, match=line):
            refuse(folder, kind, **said)
    assert (folder / "weights").read_text() == "work"


@pytest.mark.parametrize("manifest", [None, "{", "[]", '{"name": "of another program"}'])
def test_what_others_made_stays(manifest: str | None, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    for refuse in (storage.remove_ours, storage.check_ours):
        with pytest.raises(InputError, match=re.escape(tmp_path.name)):
            refuse(tmp_path, "run", stage="keyin")
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_files_and_links_stay(tmp_path: Path) -> None:
    target = ours(tmp_path / "target")
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "file").write_text("work")
    with pytest.raises(InputError, match="link is a link, nothing is deleted through one"):
        storage.remove_ours(tmp_path / "link", "run", stage="keyin")
    storage.check_ours(tmp_path / "link", "run", stage="keyin")  # what is there may be continued
    with pytest.raises(InputError, match="file is no directory"):
        storage.remove_ours(tmp_path / "file", "run")
    assert (target / "weights").exists()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "work"


def test_what_a_kill_left_before_the_manifest_is_free(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    storage.check_ours(folder, "run")
    (folder / ".manifest.json.123-abc.partial").write_text("{")
    storage.check_ours(folder, "run")
    storage.remove_ours(folder, "run")
    assert not folder.exists()


def test_files_are_written_beside_others_but_not_over_them(tmp_path: Path) -> None:
    storage.check_free(tmp_path / "nothing", "run", ["a.json"])
    (tmp_path / "thesis.tex").write_text("years of work")
    storage.check_free(tmp_path, "run", ["a.json"])
    (tmp_path / "a.json").symlink_to("nowhere")
    with pytest.raises(InputError, match=r"a\.json is nothing that keyin made, it is left alone: give another --out"):
        storage.check_free(tmp_path, "run", ["b.json", "a.json"])
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "manifest.json").write_text("{")
    with pytest.raises(InputError, match=r"a\.json is nothing"):
        storage.check_free(tmp_path, "run", ["a.json"])
    ours(tmp_path / "within")
    storage.check_free(tmp_path, "run", ["a.json"])
    with pytest.raises(InputError, match=r"a\.json is nothing"):
        storage.check_free(tmp_path, "plan", ["a.json"])
    ours(tmp_path)
    storage.check_free(tmp_path, "run", ["a.json"])
    with pytest.raises(InputError, match="holds a run, it is left alone"):
        storage.check_free(tmp_path, "plan")
    with pytest.raises(InputError, match=r"thesis\.tex is a file"):
        storage.check_free(tmp_path / "thesis.tex", "run")
