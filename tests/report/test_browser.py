"""Pages in Debian's Chromium, opened from file:// as a person would: they load, scrub, edit and download, and nothing foreign
runs. `KEYIN_TESTS_NEED_CHROMIUM` makes a missing browser a failure."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import report_pieces as pieces
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright
from processes import Keyin

from keyin_cli.datasets.episodes.layout import KEYFRAMES, open_episodes
from keyin_cli.discovery import found
from keyin_cli.report import build, write

CHROMIUM = Path("/usr/bin/chromium")
QUIET = "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
RELEASED = Path(__file__).parents[2] / "artifacts" / "released"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        reason = f"pages are opened in {CHROMIUM}, which is missing: apt-get install chromium"
        if os.environ.get("KEYIN_TESTS_NEED_CHROMIUM"):
            pytest.fail(reason)
        pytest.skip(reason)
    arguments = [*QUIET.split(), *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield chromium
        chromium.close()


class Opened:
    """A page that was opened, and everything that went wrong on it."""

    def __init__(self, browser: Browser, path: Path, **context: Any) -> None:
        self.tab: Page = browser.new_context(viewport={"width": 1280, "height": 900}, **context).new_page()
        self.trouble: list[str] = []
        self.tab.on("console", lambda message: self.trouble.append(message.text))
        self.tab.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.tab.on("request", self._request)
        self.path = path
        self.tab.goto(path.as_uri())

    def _request(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")) and request.url != self.path.as_uri():
            self.trouble.append(f"fetches {request.url}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)

    def place(self) -> int:
        """The number of the frame that is shown."""
        return int(self.tab.inner_text("#place").split()[1])

    def grips(self) -> list[int]:
        """The keyframes on the timeline, in numbers of the source."""
        return [int(each.get_attribute("aria-valuenow") or -1) for each in self.tab.locator(".grip").all()]

    def x(self, frame: int, count: int) -> float:
        """Where frame `frame` of `count` is on the timeline."""
        box = self.tab.locator("#keys").bounding_box()
        assert box is not None
        return box["x"] + box["width"] * (frame + 0.5) / count

    def y(self, selector: str) -> float:
        box = self.tab.locator(selector).bounding_box()
        assert box is not None
        return box["y"] + box["height"] / 2

    def download(self, to: Path) -> Path:
        with self.tab.expect_download() as download:
            self.tab.click("#download")
        assert download.value.suggested_filename == "keyframes.json"
        download.value.save_as(to)
        return to

    def check(self) -> None:
        assert self.trouble == []
        assert self.tab.evaluate("window.hacked") is None
        self.tab.context.close()


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    """Keyframes of two episodes, the second of which has a hostile name, with labels and evidence."""
    pieces.episodes(tmp_path)
    path = pieces.found(tmp_path)
    pieces.evidence(tmp_path)
    write(tmp_path / "report.html", build(path))
    opened = Opened(browser, tmp_path / "report.html")
    yield opened
    opened.check()


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so. Playwright's own way evaluates strings in the page, which the page forbids."""
    for _ in range(500):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it was not so after 5 s")


def colours(page: Opened, canvas: str) -> list[list[int]]:
    """The colours of the pixels of a row through the middle of a canvas."""
    script = """id => {
        const canvas = document.getElementById(id), at = canvas.height / 2;
        const bytes = canvas.getContext("2d").getImageData(0, at, canvas.width, 1).data;
        return [...Array(canvas.width).keys()].map((i) => [...bytes.slice(4 * i, 4 * i + 3)]);
    }"""
    return page.tab.evaluate(script, canvas)


def test_frames_are_shown_where_they_belong(page: Opened) -> None:
    page.press("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft")
    assert page.place() == 6  # the third frame, number 6 of the source
    until(lambda: colours(page, "film") == pieces.squares(12)[2, 8].tolist())
    until(lambda: colours(page, "painted") == pieces.squares(12)[::-1][2, 8].tolist())
    assert page.tab.inner_text("#paintedsays") == "inpainted between keyframes, 2 nats"
    page.press("n")
    assert page.tab.locator("#paintedbox").is_hidden()
    assert "<script>" in page.tab.inner_text("#name")


def test_scrubbing_and_jumping(page: Opened) -> None:
    assert page.grips() == [12, 27]
    page.press("]")
    assert page.place() == 12
    page.press("Shift+ArrowRight")
    assert page.place() == 27
    page.press("]")
    assert page.place() == 33
    page.press("[", "[", "[")
    assert page.place() == 0
    page.tab.mouse.move(page.x(5, 12), page.y(".strip .track"))
    page.tab.mouse.down()
    assert page.place() == 15
    page.tab.mouse.move(page.x(8, 12), page.y(".strip .track"))
    assert page.place() == 24
    page.tab.mouse.up()
    page.tab.mouse.move(page.x(2, 12), page.y(".strip .track"))
    assert page.place() == 24
    page.tab.click(".card >> nth=0 >> button >> nth=0")
    assert page.place() == 12
    page.press("Home", " ")
    expect(page.tab.locator("#place")).to_contain_text("frame 33 ")
    expect(page.tab.locator("#play")).to_have_text("▶")


def test_what_was_not_edited_comes_back_as_it_was(page: Opened, tmp_path: Path) -> None:
    assert found.read(page.download(tmp_path / "edited.json")) == found.read(tmp_path / "find" / "keyframes.json")


def test_editing(page: Opened, tmp_path: Path) -> None:
    page.tab.locator(".grip").nth(1).hover()
    page.tab.mouse.down()
    page.tab.mouse.move(page.x(10, 12), page.y("#keys"), steps=3)
    assert page.place() == 30
    page.tab.mouse.up()
    assert page.grips() == [12, 30]
    page.press("Home", "ArrowRight", "k")
    assert page.grips() == [3, 12, 30]
    page.press("]", ".", ".", ",")  # away from frame 12, then to 15: next to it
    assert page.grips() == [3, 15, 30]
    page.tab.mouse.dblclick(page.x(7, 12), page.y("#keys"))
    assert page.grips() == [3, 15, 21, 30]
    page.press("Delete", "Control+z", "Control+z", "Control+Shift+Z", "Control+z")
    assert page.grips() == [3, 15, 30]
    page.press("n", "k")
    page.tab.click(".card >> nth=1 >> .drop")
    assert page.grips() == [0]
    assert page.tab.locator(".item.edited").count() == 2
    edited = found.read(page.download(tmp_path / "edited.json"))
    assert edited.method == "search, edited by hand"
    first, second = edited.episodes
    assert (first.episode, first.frames, first.keyframes, first.times) == (3, 35, [3, 15, 30], [0.1, 0.5, 1.0])
    assert first.probability == [1, 1, 1]
    assert (second.name, second.keyframes) == (pieces.EVIL, [0])


def test_a_keyframe_stays_between_its_neighbours(page: Opened) -> None:
    page.tab.locator(".grip").nth(0).hover()
    page.tab.mouse.down()
    page.tab.mouse.move(page.x(11, 12), page.y("#keys"), steps=2)
    assert page.place() == 24
    page.press("Escape")
    assert page.grips() == [12, 27]
    page.tab.mouse.up()
    assert page.grips() == [12, 27]


def test_a_focused_keyframe_is_moved_by_arrows(page: Opened) -> None:
    page.tab.locator(".grip").nth(0).focus()
    page.press("ArrowRight", "ArrowRight")
    assert page.grips() == [18, 27]
    assert page.place() == 18


def test_an_edited_label_is_imported(browser: Browser, here: Keyin, tmp_path: Path) -> None:
    """From the page of a dataset without labels, through the file, into the dataset: what eval-f1 scores against."""
    np.savez(tmp_path / "demos.npz", frames=np.concatenate([pieces.squares(12), pieces.squares(9)]), episode_ends=[12, 21])
    assert here("import", "demos.npz", "--out", "mine.zarr", "--size", "16", cwd=tmp_path).returncode == 0
    done = here("report", "mine.zarr", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    opened = Opened(browser, tmp_path / "mine-report.html")
    assert "Nobody looked for keyframes here yet." in opened.tab.inner_text("#cards")
    opened.press("n", "ArrowRight", "ArrowRight", "k", "End", "k")
    edited = opened.download(tmp_path / "edited.json")
    opened.check()
    assert [each["episode"] for each in json.loads(edited.read_text())["episodes"]] == [1]  # nobody looked at the other
    assert here("import", "demos.npz", "--out", "mine.zarr", "--size", "16", "--labels", edited, cwd=tmp_path).returncode == 0
    assert np.flatnonzero(open_episodes(tmp_path / "mine.zarr").episode(1, KEYFRAMES)).tolist() == [2, 8]
    assert not open_episodes(tmp_path / "mine.zarr").episode(0, KEYFRAMES).any()


def test_fifty_episodes_open_without_being_decoded(browser: Browser, tmp_path: Path) -> None:
    pieces.episodes(tmp_path, [9] * 50, [f"episode {i}" for i in range(50)])
    write(tmp_path / "report.html", build(tmp_path / "mine.zarr"))
    context = browser.new_context()
    context.add_init_script(
        "window.decoded = 0; const real = HTMLImageElement.prototype.decode;"
        "HTMLImageElement.prototype.decode = function () { window.decoded++; return real.call(this); };"
    )
    tab = context.new_page()
    tab.goto((tmp_path / "report.html").as_uri())
    until(lambda: tab.evaluate("window.decoded") > 0)
    tab.wait_for_timeout(100)
    assert tab.locator(".item").count() == 50
    assert tab.evaluate("window.decoded") < 25
    tab.fill("#search", "episode 4")
    assert tab.locator(".item:visible").count() == 11
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(browser: Browser, tmp_path: Path, scheme: Any) -> None:
    write(tmp_path / "run.html", build(pieces.training(tmp_path)))
    opened = Opened(browser, tmp_path / "run.html", color_scheme=scheme)
    ground = "getComputedStyle(document.body).backgroundColor"
    colours = {"light": "rgb(250, 249, 247)", "dark": "rgb(19, 21, 24)"}
    assert opened.tab.evaluate(ground) == colours.pop(scheme)
    opened.tab.click("#theme")
    assert opened.tab.evaluate(ground) == colours.popitem()[1]
    opened.check()


OTHERS = (pieces.evaluation, pieces.training, pieces.planned, pieces.benchmark)


@pytest.mark.parametrize("make", OTHERS, ids=lambda make: make.__name__)
def test_other_pages_open(browser: Browser, tmp_path: Path, make: Any) -> None:
    write(tmp_path / "report.html", build(make(tmp_path)))
    opened = Opened(browser, tmp_path / "report.html")
    if make is pieces.planned:
        opened.tab.click("#tasks button >> nth=1")
        assert opened.tab.inner_text("#worldsays").startswith("Task 7, step 2 of 2: 0.10 from the goal.")
        assert opened.tab.locator("#world circle").count() == 6
    if make is pieces.training:
        assert opened.tab.locator(".plot").all_inner_texts()[0].split("\n")[:2] == ["loss", "training 16.7"]
    if make is pieces.evaluation:
        assert opened.grips() == [2, 5]
        assert opened.tab.locator(".lane .tick.true").count() == 2
        assert opened.tab.locator(".lane .tick.hit").count() == 1
    if make is pieces.benchmark:
        assert opened.grips() == [9, 18]  # of search, in numbers of the source
        assert opened.tab.locator(".lane .tick.true").count() == 2
        assert opened.tab.locator(".lane .says", has_text="uvd, pixels").count() == 1
        assert opened.tab.locator("h2").all_inner_texts()[:1] == ["mine, pixels, number its own"]
        assert "uniform*" in opened.tab.inner_text("main")
        assert "uvd†" in opened.tab.inner_text("main")
        assert "mine, reconstructed from K keyframes" in opened.tab.locator("h2").all_inner_texts()
        assert "20.50 (0.5)" in opened.tab.inner_text("main")
    opened.check()


def test_released_results_open(browser: Browser, tmp_path: Path) -> None:
    for name in ("brownian", "planning/cem"):
        write(tmp_path / "report.html", build(RELEASED / name))
        Opened(browser, tmp_path / "report.html").check()
