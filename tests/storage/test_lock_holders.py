"""What those who wait are told of the process that they wait for, and where there is none."""

import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from keyin_cli import storage
from keyin_cli.errors import InputError
from keyin_cli.storage import locks


def test_a_holder_of_another_day_is_told_with_the_date(tmp_path: Path) -> None:
    yesterday = datetime.now().astimezone() - timedelta(days=1)
    storage.write_json(tmp_path / "holder", locks._myself() | {"since": yesterday.isoformat()})
    assert f"since {yesterday:%Y-%m-%d %H:%M} (" in str(locks._named(tmp_path / "holder"))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"process": "x"}', '{"since": 3, "writer": 1}'])
def test_a_holder_that_is_just_being_written_is_unknown(content: str, tmp_path: Path) -> None:
    (tmp_path / "holder").write_text(content)
    assert locks._named(tmp_path / "holder") is None
    assert locks._named(tmp_path / "none") is None


def test_the_command_is_one_line_and_not_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/keyin_cli/__main__.py", "train", "a\nb"])
    assert locks._command() == "keyin train a b"
    monkeypatch.setattr(sys, "argv", ["/somewhere/pytest/__main__.py", "-q"])
    assert locks._command() == "pytest -q"
    monkeypatch.setattr(sys, "argv", [""])
    assert locks._command() == "python"
    monkeypatch.setattr(sys, "argv", ["keyin", "train", "x" * 1000])
    assert len(locks._command()) == locks.LONGEST + 1


def test_where_no_file_can_be_made_nobody_waits_for_ever() -> None:
    """/proc says that a new file is not there, which looks as if another held it."""
    line = r"/proc/x cannot be locked in /proc \(No such file or directory\): use another path"
    with pytest.raises(InputError, match=line), storage.locked(Path("/proc/x")):
        pass
