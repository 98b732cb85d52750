"""Write the tables of README.md and docs/ anew, from the result files that their comments name.

    python studies/tables.py

A comment `<!-- table: artifacts/released/brownian/table.json -->` is followed by that file's table; of a directory, by Table 2
from its `plan.json`. `quality:` and `paths:` stand before how well models predict, and where their samples take the puck;
`benchmark: FILE#DATASET/PART/NUMBER` before one table of `keyin benchmark`, `reconstruction: FILE#DATASET` before how well its
episodes are reconstructed, `leaderboard:` before reported rows. With `--check` nothing is written, and a page that would change
is an error.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from keyin_cli.commands.table import COLUMNS, cells
from keyin_cli.discovery.benchmark import leaderboard, result, texts
from keyin_cli.planning.paired import REFERENCE

ROOT = Path(__file__).parent.parent
# The comment, and what stood below it.
TABLE = re.compile(r"<!-- (table|quality|paths|benchmark|reconstruction|leaderboard): (\S+) -->\n\n(?:\|.*(?:\n|$))*")
# The paper's numbers of 2019 and 2020 (docs/spec.md), by the folder of a result file.
PAPER_F1 = {
    "brownian": {
        "keyin": "0.84 / 0.94",
        "surprise": "0.73 / 0.73",
        "static": "0.21 / 0.21",
        "constant": "0.17 / –",
        "random": "0.15 / 0.15",
    },
    "pushing": {
        "keyin": "0.30 / 0.43",
        "surprise": "0.10 / 0.17",
        "static": "0.18 / 0.18",
        "constant": "0.23 / –",
        "random": "0.18 / 0.18",
    },
    "gridworld": {  # a world of the later version, not the same as ours
        "keyin": "– / 0.42",
        "surprise": "– / 0.32",
        "static": "– / 0.25",
        "random": "– / 0.12",
    },
}
PAPER_PLANNING = {
    "initial": "– / 1.00",
    "random": "– / 1.00",
    "none": "15.0 % / 0.68",
    "tap": "23.3 % / 0.61",
    "surprise": "50.8 % / 0.48",
    "jumpy": "58.8 % / 0.47",
    "keyin": "64.2 % / 0.38",
}
Lines = list[str]


def discovery(file: Path) -> Lines:
    """Table 1, with the paper's numbers."""
    result, paper = json.loads(file.read_text()), PAPER_F1[file.parent.name]
    rows = [[*cells(row), paper.get(row["method"], "–")] for row in result["rows"]]
    return markdown([*COLUMNS, "the paper, 2019 / 2020"], rows)


def quality(file: Path) -> Lines:
    """Reconstructions, and samples from the prior."""
    rows, result = [], json.loads(file.read_text())["quality"]
    for row in result:
        parts = [f"{row[part]['psnr']:.1f} / {row[part]['ssim']:.3f}" for part in ("reconstruction", "best")]
        rows.append([row["method"], *parts, f"{row['diversity']:.1f}"])
    return markdown(
        ["method", "reconstruction, PSNR / SSIM", f"best of {result[0]['samples']} samples", "PSNR between samples"], rows
    )


def paths(file: Path) -> Lines:
    """Where samples take the puck."""
    rows = []
    for row in json.loads(file.read_text())["paths"]:
        shares = [row[part] for part in ("left", "right", "inside_wall", "overlapping_wall")]
        rows.append([row["method"], *(f"{100 * share:.1f} %" for share in shares)])
    return markdown(["paths of the puck", "left", "right", "centre inside the wall", "overlapping it"], rows)


def planning(folder: Path) -> Lines:
    """Table 2; without comparisons where the reference has no row, without the paper where the servo is another."""
    results = json.loads((folder / "plan.json").read_text())["rows"]
    compared, printed = any(f"against_{REFERENCE}" in row for row in results), folder.name == "cem"
    head = ["method", "success", "95 % interval", "error left", "error / initial", "actions"]
    head += [f"error against {REFERENCE}", "p"] if compared else []
    head += ["the paper: success, error / initial"] if printed else []
    rows = []
    for row in results:
        low, high = (100 * end for end in row["success_ci95"])
        texts = [row["method"], f"{100 * row['success_rate']:.1f} %", f"{low:.1f} to {high:.1f} %"]
        texts += [
            f"{row['error_mean']:.2f} ± {row['error_std']:.2f}",
            f"{row['error_over_initial']:.2f}",
            f"{row['steps_mean']:.0f}",
        ]
        if compared and (other := row.get(f"against_{REFERENCE}")):
            low, high = other["error_difference_ci95"]
            texts += [f"{other['error_difference']:+.2f} ({low:+.2f} to {high:+.2f})", f"{other['mcnemar_p']:.2g}"]
        elif compared:
            texts += ["–", "–"]
        rows.append([*texts, *([PAPER_PLANNING.get(row["method"], "–")] if printed else [])])
    return markdown(head, rows)


def benchmark(place: Path) -> Lines:
    """One table of `keyin benchmark`: `table.json#gridworld/pixels/own`."""
    file, _, key = str(place).partition("#")
    dataset, part, number = key.split("/")
    return texts.table(result.read(Path(file)).tables()[dataset, part, number])


def reconstruction(place: Path) -> Lines:
    """How well a dataset's episodes are reconstructed from keyframes: `table.json#gridworld`."""
    file, _, dataset = str(place).partition("#")
    return texts.reconstruction(result.read(Path(file)).lines()[dataset])


def reported(file: Path) -> Lines:
    """The leaderboard."""
    rows = []
    for each in leaderboard.read(file).ordered():
        name, *cells = texts.cells(each.row)
        rows.append([each.dataset.name, each.row.part, each.row.number, f"[{name}]({each.link})", *cells, each.by, each.reported])
    return markdown(["dataset", "looks at", "number", *texts.COLUMNS, "reported by", "on"], rows)


def markdown(head: list[str], rows: Iterable[list[str]]) -> Lines:
    rows = list(rows)
    assert all(len(row) == len(head) for row in rows)
    first, *rest = (f"| {' | '.join(row)} |" for row in (head, *rows))
    return [first, "|" + "---|" * len(head), *rest]


KINDS: dict[str, Callable[[Path], Lines]] = {
    "quality": quality,
    "paths": paths,
    "benchmark": benchmark,
    "reconstruction": reconstruction,
    "leaderboard": reported,
}


def written(text: str) -> str:
    """A page with every table as the result files have it.

    Raises:
        KeyError, OSError: a comment names a kind of table or a file that is not there.
    """

    def table(found: re.Match[str]) -> str:
        kind, file = found[1], ROOT / found[2]
        make = KINDS[kind] if kind != "table" else planning if file.is_dir() else discovery
        return f"<!-- {kind}: {found[2]} -->\n\n" + "".join(f"{line}\n" for line in make(file))

    return TABLE.sub(table, text)


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, and fail when a page would change")
    given: Any = parser.parse_args()
    changed = [page for page in pages() if written(page.read_text()) != page.read_text()]
    for page in changed:
        if not given.check:
            page.write_text(written(page.read_text()))
        print(f"{page.relative_to(ROOT)}: {'differs from its result files' if given.check else 'written'}")
    if given.check and changed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
