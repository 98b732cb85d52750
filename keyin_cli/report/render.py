"""A page as one HTML file: nothing is fetched when it is opened, nothing that it shows can run."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from keyin_cli import __version__, storage
from keyin_cli.errors import InputError, shown
from keyin_cli.progress import track
from keyin_cli.report import script
from keyin_cli.report.images import picture
from keyin_cli.report.numbers import embedded
from keyin_cli.report.page import Interval, Page, Table

LARGEST = 20_000_000  # bytes of a page
ROOM = 500_000  # of these, for text between the parts that are counted
PICTURES = 0.35  # share of what is left for pictures, when there are episodes too
SCRIPTS = ("store", "film", "timeline", "edits", "episodes", "charts", "scenes", "start")  # in the order in which they run
MARK = '<meta name="generator" content="keyin report'  # in the beginning of every page; files without it are never replaced
BAR = 120  # px of an interval that reaches from end to end


def write(path: Path, page: Page) -> None:
    """Write a page, of at most LARGEST bytes; an earlier one at `path` is replaced.

    Raises:
        InputError: something else is at `path`, or frames cannot be read.
    """
    check_free(path)
    storage.write(path, html(page))


def check_free(path: Path) -> None:
    """Raises:
    InputError: something that is no page of ours is at a path.
    """
    if not os.path.lexists(path):
        return
    if path.is_file():
        with path.open("rb") as file:
            if MARK.encode() in file.read(2000):
                return
    raise InputError(f"{shown(path)} is no page of keyin report, it is left alone: give another --out")


def html(page: Page) -> bytes:
    """The page as UTF-8."""
    style = Markup(_part("page.css"))
    program = Markup("(() => {\n" + "\n".join(_part(f"{name}.js") for name in SCRIPTS) + "})();\n")
    tree = script.tree(page)
    manifests = {name: json.dumps(manifest, indent=2, default=str) for name, manifest in page.manifests.items()}
    text = len(json.dumps(tree)) + sum(map(len, manifests.values())) + len(style) + len(program)
    room = max(0, LARGEST - ROOM - text)
    pictures, too_large = _pictures(page, int(room * PICTURES) if page.episodes or page.scenes else room)
    room -= sum(len(uri) for _, _, uri in pictures)
    with track("drawing episodes", len(page.episodes)) as advance:
        sheets = script.draw(page, tree, room, advance)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"shown": shown, "bar": bar}
    made = environment.from_string(_part("page.html")).render(
        page=page,
        interval=lambda cell: isinstance(cell, Interval),
        style=style,
        script=program,
        hashes={"style": _hash(style), "script": _hash(program)},
        data=embedded(tree),
        sheets=sheets,
        pictures=pictures,
        too_large=too_large,
        manifests=manifests,
        version=__version__,
    )
    return made.encode("utf-8", "backslashreplace")


def bar(cell: Interval, table: Table) -> Markup:
    """A drawing of an interval on its table's scale: the line is the interval, the dot the figure."""

    def place(value: float) -> float:
        share = (value - table.low) / ((table.high - table.low) or 1.0)
        return round(4 + (BAR - 8) * min(max(share, 0.0), 1.0), 1)

    low, at, high = map(place, (cell.low, cell.value, cell.high))
    parts = f'<path class="rail" d="M4 7H{BAR - 4}"/><path class="span" d="M{low} 7H{high}"/><circle cx="{at}" cy="7" r="3.5"/>'
    return Markup(f'<svg class="bar" width="{BAR}" height="14" aria-hidden="true">{parts}</svg>')  # only numbers are put in


def _pictures(page: Page, room: int) -> tuple[list[tuple[str, str, str]], list[str]]:
    """Name, kind and data URI of the pictures that fit, in their order; the names of those that do not."""
    fitting, others = [], []
    for path in page.pictures:
        name = f"{path.parent.name}/{path.name}"
        if path.stat().st_size * 4 / 3 + 100 > room:
            others.append(name)
            continue
        kind, uri = picture(path)
        room -= len(uri)
        fitting.append((name, kind, uri))
    return fitting, others


def _hash(text: str) -> str:
    """What the page's policy allows to run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _part(name: str) -> str:
    return resources.files(__package__).joinpath("parts", name).read_text(encoding="utf-8")
