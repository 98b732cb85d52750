import sys
from io import StringIO

import pytest

from keyin_cli import progress


def test_plain_lines_without_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PLAIN_LINE_EVERY", 0.0)
    with progress.track("counting", total=10, done=4) as advance:
        advance(2, "half way")
    out, err = capsys.readouterr()
    assert out == ""
    line = err.splitlines()[0]
    assert line.startswith("counting: 6/10, ")
    assert line.endswith("s left half way")
    assert "/s, " in line


def test_lines_are_not_wrapped_or_coloured(capsys: pytest.CaptureFixture[str]) -> None:
    message = "[bold]a path/" + "x" * 300
    progress.say(message)
    assert capsys.readouterr().err == message + "\n"


def test_what_others_named_does_nothing_to_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    progress.say("\x1b[31mred\x1b[0m/日本\udcff: a\nb")
    assert capsys.readouterr().err == "\\x1b[31mred\\x1b[0m/日本\\udcff: a\nb\n"


def test_a_library_is_silent(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_audible", False)
    monkeypatch.setattr(progress, "PLAIN_LINE_EVERY", 0.0)
    progress.say("something")
    with progress.track("counting", total=10) as advance:
        advance(2)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("audible", [False, True])
def test_a_library_leaves_the_streams_of_a_terminal_alone(audible: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "_audible", audible)
    with progress.track("counting", total=10) as advance:
        advance(2)
        assert (sys.stdout is terminal) is (sys.stderr is terminal) is not audible
    assert bool(terminal.getvalue()) is audible


def test_a_bar_shows_names_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither markup, which would be refused, nor characters that do something to the terminal."""
    monkeypatch.setenv("TERM", "xterm")
    terminal = StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress.track("making [/red]\x1b]0;t\x07.zarr", total=10) as advance:
        advance(2, "[/note]")
    assert "making [/red]\\x1b]0;t\\x07.zarr [/note]" in terminal.getvalue()
