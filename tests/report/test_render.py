"""The file: self-contained, of bounded size, harmless whatever strings are in it, and never in place of something else."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import report_pieces as pieces

from keyin_cli.errors import InputError
from keyin_cli.report import LARGEST, EpisodeView, Page, build, write
from keyin_cli.report.page import Editing, Interval, Table
from keyin_cli.report.render import html


class Elements(HTMLParser):
    """What a browser would see: every element with its attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.open = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.inside.append("")
        self.open = True

    def handle_endtag(self, tag: str) -> None:
        self.open = False

    def handle_data(self, text: str) -> None:
        if self.open:
            self.inside[-1] += text

    def of(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attributes, text) for (name, attributes), text in zip(self.found, self.inside, strict=True) if name == tag]


def pages(folder: Path) -> dict[str, Page]:
    """A page of every kind, with strings in it that would run if they could."""
    pieces.episodes(folder)
    pieces.found(folder, method=pieces.EVIL, source=pieces.EVIL, settings={pieces.EVIL: float("inf")})
    pieces.evidence(folder)
    paths = (folder / "mine.zarr", folder / "find", pieces.evaluation(folder), pieces.training(folder), pieces.planned(folder))
    return {path.name: build(path) for path in paths}


def test_nothing_foreign_is_markup_and_nothing_is_fetched(tmp_path: Path) -> None:
    for page in pages(tmp_path).values():
        text = html(page).decode()
        elements = Elements(text)
        style, script = elements.of("style"), elements.of("script")
        running = [each for attributes, each in script if "type" not in attributes]
        policy = dict(elements.of("meta")[2][0])["content"]
        assert "default-src 'none'" in policy
        for kind, (content,) in (("style", [each for _, each in style]), ("script", running)):
            assert f"{kind}-src 'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'" in policy
        assert "hacked" not in running[0]
        assert not any(name.startswith("on") or name == "style" for _, attributes in elements.found for name in attributes)
        linked = [attributes[name] for _, attributes in elements.found for name in ("src", "href") if name in attributes]
        assert all(target.startswith("data:") for target in linked)
        assert not re.search(r"https?:(?!//www\.w3\.org/2000/svg)", text)
        assert "\x1b" not in text
        assert "\u202e" not in text
        json.loads(next(each for attributes, each in script if attributes.get("id") == "data"))


def test_names_are_there_as_text(tmp_path: Path) -> None:
    text = html(pages(tmp_path)["find"]).decode()
    (data,) = [each for attributes, each in Elements(text).of("script") if attributes.get("id") == "data"]
    tree = json.loads(data)
    assert tree["episodes"][1]["name"] == pieces.EVIL
    assert "\x1b" not in tree["episodes"][1]["shown"]
    assert tree["editing"]["settings"] == {pieces.EVIL: None}
    assert tree["episodes"][0]["known"] == [[4, 13, 0.433333, 0.75], [9, 27, 0.9, 0.75]]


def noise(n: int, height: int, width: int) -> EpisodeView:
    def read() -> np.ndarray:
        return np.random.default_rng(n).integers(0, 256, (n, height, width, 3), dtype=np.uint8)

    return EpisodeView(0, "noise", read, np.arange(n), np.arange(n) / 10, None, inpainted=read)


def test_a_page_is_never_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of noise, which cannot be compressed, in a room so small that drawing it takes no time."""
    monkeypatch.setattr("keyin_cli.report.render.LARGEST", 1_000_000)
    picture = tmp_path / "large.png"
    picture.write_bytes(bytes(900_000))
    page = Page("noise", "noise", episodes=[noise(40, 90, 160), noise(80, 90, 160)], pictures=[picture])
    text = html(page)
    assert len(text) < 1_000_000
    assert f"Not shown, to keep the page small: {tmp_path.name}/large.png" in text.decode()
    assert LARGEST == 20_000_000


def test_frames_have_to_be_as_many_as_was_said(tmp_path: Path) -> None:
    view = replace(noise(4, 8, 8), source_frames=np.arange(5))
    with pytest.raises(InputError, match=r"episode noise has frames \(4, 8, 8, 3\) uint8, expected \(5,H,W,1 or 3\) uint8"):
        html(Page("noise", "noise", episodes=[view], editing=Editing("", "", "")))


def test_intervals_are_drawn_to_scale() -> None:
    text = html(Page("t", "t", tables=[Table("T", ["a", "b"], [["x", Interval(0.5, 0.25, 0.75)]])])).decode()
    assert '<path class="span" d="M32.0 7H88.0"/><circle cx="60.0" cy="7" r="3.5"/>' in text
    assert '<span class="figure">0.500</span><span class="ends">0.250 to 0.750</span>' in text
    with pytest.raises(ValueError, match="not finite"):
        Interval(0.5, 0.25, float("nan"))


def test_only_pages_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write(path, Page("a", "first"))
    write(path, Page("a", "second"))
    assert "<h1>second</h1>" in path.read_text()
    path.write_text("<html>my own</html>")
    with pytest.raises(InputError, match="is no page of keyin report, it is left alone: give another --out"):
        write(path, Page("a", "third"))
    with pytest.raises(InputError, match="is no page of keyin report"):
        write(tmp_path, Page("a", "third"))
    assert path.read_text() == "<html>my own</html>"
