"""CSV: read back with the csv module, and no formula for spreadsheets."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyin_cli.discovery.exports import FORMATS
from keyin_cli.discovery.exports.csv_rows import harmless, table
from keyin_cli.discovery.exports.text import plain
from keyin_cli.discovery.found import Found, FoundEpisode


def found(name: str) -> Found:
    episodes = [
        FoundEpisode(episode=3, name=name, frames=9, keyframes=[2, 5], times=[0.2, 0.5], probability=[0.25, 1.0]),
        FoundEpisode(episode=4, name="empty", keyframes=[]),
        FoundEpisode(episode=5, name="by hand", keyframes=[7]),
    ]
    return Found(episodes=episodes)


def test_a_row_for_each_keyframe() -> None:
    assert table(found("cup, red")) == (
        "episode,name,keyframe,seconds,probability\r\n"
        '3,"cup, red",2,0.200000,0.250000\r\n'
        '3,"cup, red",5,0.500000,1.000000\r\n'
        "5,by hand,7,0.700000,\r\n"
    )


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_read_back_it_is_the_same(name: str) -> None:
    text = table(found(name)).encode().decode()
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert header == ["episode", "name", "keyframe", "seconds", "probability"]
    assert {row[1] for row in rows[:2]} == {harmless(plain(name))}
    assert [row[:1] + row[2:] for row in rows] == [
        ["3", "2", "0.200000", "0.250000"],
        ["3", "5", "0.500000", "1.000000"],
        ["5", "7", "0.700000", ""],
    ]
    assert not rows[0][1].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_formula_is_made_harmless(name: str) -> None:
    assert harmless(name) == f"'{name}"


@pytest.mark.parametrize("name", ["", "a=1", "'=1", "episode 3", "1-2"])
def test_other_names_stay(name: str) -> None:
    assert harmless(name) == name


def test_the_file_has_these_bytes(tmp_path: Path) -> None:
    FORMATS["csv"].write(found("a\r\nb\ud800"), tmp_path, None)
    assert b'3,"a\r\nb\xef\xbf\xbd",2,' in (tmp_path / "keyframes.csv").read_bytes()
