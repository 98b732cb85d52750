"""Results: keyframes, evidence, labels of people in every format, and pages of every kind, which escape what is foreign."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fuzz import damage, edits
from fuzz.bench import Bench
from fuzz.case import Case, problems
from fuzz.pages import harmful

ROW = "malformed results"
COUNT = 560
SAMPLE = 28
FOUND, PAGE = "find/keyframes.json", "page.html"
FORMATS = ("csv", "vtt", "images", "label-studio")


@dataclass(frozen=True)
class Target:
    """A file and the commands that read it."""

    file: str
    commands: tuple[tuple[str, ...], ...]
    binary: bool = False


def _export(*formats: str) -> tuple[str, ...]:
    return ("export", FOUND, *(word for each in formats for word in ("--to", each)), "--out", "out")


REPORT = ("report", FOUND, "--out", PAGE)
IMPORT = ("import", "cubes", "--size", "16", "--out", "i.zarr", "--labels")
TARGETS = (
    Target(FOUND, (REPORT, REPORT, *map(_export, FORMATS), _export(*FORMATS), (*IMPORT, FOUND))),
    Target(FOUND, (REPORT, _export(*FORMATS))),
    Target("cubes.json", ((*IMPORT, "cubes.json"), ("export", "cubes.json", "--to", "lerobot", "--out", "out"))),
    Target("find/evidence.safetensors", (REPORT,), binary=True),
    Target("labels.csv", ((*IMPORT, "labels.csv"),)),
    Target("labels.json", ((*IMPORT, "labels.json"),)),
    Target("evaluation/eval_f1.json", (("report", "evaluation", "--out", PAGE),)),
    Target("evaluation/sequences.jsonl", (("report", "evaluation", "--out", PAGE),)),
    Target("run/keyin/metrics.jsonl", (("report", "run", "--out", PAGE),)),
    Target("run/keyin/manifest.json", (("report", "run", "--out", PAGE),)),
    Target("plans/plan.json", (("report", "plans", "--out", PAGE),)),
    Target("plans/keyin/episodes.jsonl", (("report", "plans", "--out", PAGE),)),
)


def case(number: int) -> Case:
    rng = random.Random(f"results-{number}")
    target = TARGETS[number % len(TARGETS)]
    words, attack = rng.choice(target.commands), _attack(rng, target)

    def check(bench: Bench) -> list[str]:
        bench.copy("pages")
        page = bench.folder / PAGE
        done, wrong = attack(rng, bench.folder / target.file)
        ended = bench.keyin(*words)
        found = problems(ended, refused=wrong)
        if ended.code and (page.exists() or (bench.folder / "out").exists()):
            found.append("refused, and written nevertheless")
        own = (bench.folder.name, f"{bench.folder.name}.printed")
        if outside := [each.name for each in bench.around.iterdir() if each.name not in own]:
            found.append(f"{outside} were written outside")
        if page.exists():
            found += harmful(page.read_text())
        if (table := bench.folder / "out/csv/keyframes.csv").exists() and any(
            cell.startswith(("=", "+", "@")) for line in table.read_text().splitlines() for cell in line.split(",")[1:2]
        ):
            found.append("a formula for spreadsheets")
        return [f"{done}: {each}"[:400] for each in found]

    return Case(f"{attack.__name__.strip('_')} of {target.file}, {' '.join(words[:4])}", check)


Attack = Callable[[random.Random, Path], tuple[str, bool | None]]


def _attack(rng: random.Random, target: Target) -> Attack:
    name = Path(target.file).name
    if target.binary:
        return rng.choice([edits.evidence, edits.evidence, _binary])
    if name.endswith(".jsonl"):
        return rng.choice([edits.line, edits.line, edits.evil_line, _text])
    if name.endswith(".csv"):
        return rng.choice([edits.csv, edits.csv, edits.csv, _text, _binary])
    special = {
        "keyframes.json": [edits.frames, edits.frames, edits.names, edits.paths],
        "cubes.json": [edits.frames, edits.names],
        "labels.json": [edits.studio, edits.studio],
    }
    return rng.choice([*special.get(name, [edits.evil]), _tree, _tree, edits.evil, _deep, _text])


def _tree(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    return damage.tree(rng, file), None


def _text(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    return damage.words(rng, file), None


def _binary(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    each = rng.choice([damage.flip, damage.cut, damage.longer, damage.garbage, damage.patch, damage.pipe, damage.folder])
    done = each(rng, file)
    wrong = each in (damage.longer, damage.folder, damage.pipe) and file.suffix == ".safetensors"
    return done, True if wrong else None


def _deep(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    depth = rng.choice([60, 500, 990, 5000, 200_000])
    opening, closing = rng.choice([("[", "]"), ('{"x":', "}")])
    inside = rng.choice([opening * depth + "1" + closing * depth, "9" * 5000, "9" * 30])
    text = file.read_text().strip()
    if text.startswith("["):
        file.write_text(f"[{inside}, {text[1:]}")
    else:
        file.write_text(f'{{"settings": {{"more": {inside}}}, {text[1:]}')
    if text.startswith("["):
        return f"{depth} levels or a long number", True
    file.write_text(f'{text[:-1]}, "more": {inside}}}')
    return f"{depth} levels or a long number", True
