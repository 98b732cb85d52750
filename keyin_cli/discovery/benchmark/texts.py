"""Tables of the benchmark as text: cells of rows, Markdown, and what stands below."""

from __future__ import annotations

from collections.abc import Sequence

from keyin_cli.discovery.benchmark.measures import HEADLINE, MEASURES
from keyin_cli.discovery.benchmark.result import EVENTS, GIVEN, Dataset, Point, Reconstruction, Result, Row, Score
from keyin_cli.errors import shown
from keyin_cli.machine import sized

Key = tuple[str, str, str]

TOLD, ACTIONS = "*", "†"
COLUMNS = [
    "method",
    *(f"{each.title} [95 %]" if name == HEADLINE else each.title for name, each in MEASURES.items()),
    "keyframes",
    "shift",
    "against the best [95 %]",
    "s an episode",
    "memory",
]
NOTES = {
    "told": f"{TOLD} is told the true number of keyframes of every episode.",
    "actions": f"{ACTIONS} looked at the actions, too.",
    "shift": "shift: frames by which all keyframes of a method are moved; every sixth episode's labels choose it, the others are "
    "scored (docs/benchmark.md).",
}
RECONSTRUCTION = (
    "dB: PSNR of episodes whose frames are blended in time between keyframes, the first and the last frame given. In brackets "
    "the keyframes found in an episode where they are not as many as were asked for.",
    "above uniform: dB more than as many uniform keyframes in the same episodes, and the 95 % interval.",
)


def title(key: Key) -> str:
    """`ogbench-scene, pixels, told how many`."""
    dataset, part, number = key
    return f"{shown(dataset)}, {part}, {'told how many' if number == GIVEN else 'number its own'}"


def cells(row: Row) -> list[str]:
    """A row, a cell for each of COLUMNS."""
    scores = [_score(row.scores[name], name == HEADLINE) if name in row.scores else "–" for name in MEASURES]
    best = row.against_best
    return [
        shown(row.method) + TOLD * row.told + ACTIONS * row.actions,
        *scores,
        f"{row.keyframes_per_episode:.1f}",
        f"{row.shift:+d}" if row.shift else "0",
        f"{best.value:+.3f} [{best.ci95[0]:+.3f}, {best.ci95[1]:+.3f}]" if best else "best",
        "–" if row.seconds_per_episode is None else f"{row.seconds_per_episode:.2g}",
        "–" if row.peak_memory_bytes is None else sized(row.peak_memory_bytes),
    ]


def notes(rows: Sequence[Row]) -> list[str]:
    """What stands below a table."""
    there = {"told": any(row.told for row in rows), "actions": any(row.actions for row in rows), "shift": True}
    return [NOTES[name] for name, said in there.items() if said]


def about(dataset: Dataset) -> str:
    """A line about a dataset."""
    many = f"{dataset.scored:,} of {dataset.episodes:,} episodes scored, {dataset.events_per_episode:.1f} events each"
    return f"{shown(dataset.name)}: {many}, {shown(dataset.path)}, sha256 {shown(dataset.sha256)[:16]}"


def left_out(dataset: Dataset) -> list[str]:
    """A line for each method that could not look at a dataset."""
    return [f"left out: {shown(each.method)} ({each.part}): {shown(each.reason)}" for each in dataset.left_out]


def table(rows: Sequence[Row]) -> list[str]:
    """Rows as a Markdown table."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    return lines + [f"| {' | '.join(_escaped(cell) for cell in cells(row))} |" for row in rows]


def reconstruction_title(dataset: str) -> str:
    return f"{shown(dataset)}, reconstructed from K keyframes"


def reconstruction_table(lines: Sequence[Reconstruction]) -> tuple[list[str], list[list[str]]]:
    """Columns, and cells of every line of a dataset but events, whose number is another in every episode."""
    counts = sorted({point.count for line in lines for point in line.points if point.count is not None})
    columns = ["method", *(f"K = {count}, dB" for count in counts), *(f"K = {count}, above uniform" for count in counts)]
    rows = []
    for line in lines:
        if line.method != EVENTS:
            points = [line.at(count) for count in counts]
            name = shown(line.method) + ACTIONS * line.actions
            rows.append([name, *(_decibels(point) for point in points), *(_above(point) for point in points)])
    return columns, rows


def reconstruction_notes(lines: Sequence[Reconstruction]) -> list[str]:
    """What stands below a table of reconstructions: what the true events are worth, and how many episodes count."""
    said = [*RECONSTRUCTION, *dict.fromkeys(f"Means over {line.episodes:,} episodes." for line in lines)]
    if any(line.actions for line in lines):
        said.append(NOTES["actions"])
    for point in (line.at(None) for line in lines if line.method == EVENTS):
        if point is not None and point.against_uniform is not None:
            many = f"{point.keyframes_per_episode:.1f} an episode"
            said.append(f"The true events, {many}: {point.psnr.value:.2f} dB, above uniform {_above(point)}.")
    return said


def reconstruction(lines: Sequence[Reconstruction]) -> list[str]:
    """The lines of a dataset as a Markdown table."""
    columns, rows = reconstruction_table(lines)
    made = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return made + [f"| {' | '.join(_escaped(cell) for cell in row)} |" for row in rows]


def markdown(result: Result) -> str:
    """All tables, as `table.md` has them."""
    lines = ["# keyin benchmark", ""]
    lines += [f"Seed {result.seed}; trainings were planned for {result.minutes:g} min each. Protocol {result.version}.", ""]
    tables = result.tables()
    for dataset in result.datasets:
        lines += [f"## {_escaped(shown(dataset.name))}", "", _escaped(about(dataset)) + ".", ""]
        for key, rows in tables.items():
            if key[0] == dataset.name:
                lines += [f"### {_escaped(title(key))}", "", *table(rows), "", *(f"{note}\n" for note in notes(rows))]
        if there := result.lines().get(dataset.name):
            lines += [f"### {_escaped(reconstruction_title(dataset.name))}", "", *reconstruction(there), ""]
            lines += [f"{note}\n" for note in reconstruction_notes(there)]
        lines += [f"{_escaped(line)}\n" for line in left_out(dataset)]
    return "\n".join(lines).rstrip() + "\n"


def _score(score: Score, interval: bool) -> str:
    ends = f" [{score.ci95[0]:.3f}, {score.ci95[1]:.3f}]" if interval else ""
    return f"{score.value:.3f}{ends}"


def _decibels(point: Point | None) -> str:
    if point is None:
        return "–"
    other = abs(point.keyframes_per_episode - (point.count or 0)) >= 0.05
    return f"{point.psnr.value:.2f}" + f" ({point.keyframes_per_episode:.1f})" * other


def _above(point: Point | None) -> str:
    above = point.against_uniform if point else None
    return f"{above.value:+.2f} [{above.ci95[0]:+.2f}, {above.ci95[1]:+.2f}]" if above else "–"


def _escaped(text: str) -> str:
    """Text of others that Markdown takes as text."""
    for character in "\\`|<>":
        text = text.replace(character, f"\\{character}")
    return text
