"""Files of runs: manifests, metrics, checkpoints, searched targets, evaluations, tables, plans; and directories of others."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuzz import damage, odd
from fuzz.bench import Bench
from fuzz.case import Case, Outcome, problems
from fuzz.starts import DATA, RECIPE, RUN
from fuzz.trained import HALF, HALF_RECIPE, PLAN, PLANS, TABLE, plans_short

ROW = "malformed files of runs"
COUNT = 640
SAMPLE = 24
STEP = f"{HALF}/keyin/checkpoints/step-000000003"
EVALUATION = f"{RUN}/keyin/eval_f1/d-test"
CONTINUE = ("train", HALF_RECIPE, "--out", HALF)


@dataclass(frozen=True)
class Target:
    """A file, what is there around it, and the commands that read it."""

    file: str
    copies: tuple[tuple[str, ...], ...]
    commands: tuple[tuple[str, ...], ...]
    binary: bool = False
    needed: bool = False  # a command has to refuse whatever changed it


SMALL = (("small", RECIPE, DATA, RUN),)
TRAINED = (("half",),)
PUBLISHED = (("table",), ("small", DATA))
PLANNED = (("plans",),)
JUDGE = ("eval-f1", "--ckpt", RUN, "--limit", "1", "--selector", "uniform", "--out", "out")
INFO = (("info", f"{RUN}/keyin"), ("info", f"{RUN}/keyin", "--verify"), ("info", f"{RUN}/keyin/weights.safetensors"))
TARGETS = (
    Target(f"{RUN}/keyin/manifest.json", SMALL, (("train", RECIPE), *INFO, JUDGE, ("report", RUN))),
    Target(f"{RUN}/interpolator/manifest.json", SMALL, (("train", RECIPE), ("pretrain-interp", RECIPE), ("report", RUN), JUDGE)),
    Target(f"{RUN}/keyin/metrics.jsonl", SMALL, (("report", RUN), ("report", f"{RUN}/keyin"), ("train", RECIPE))),
    Target(f"{STEP}/state.json", TRAINED, (CONTINUE,)),
    Target(f"{STEP}/model.safetensors", TRAINED, (CONTINUE,), binary=True, needed=True),
    Target(f"{STEP}/optimizer.safetensors", TRAINED, (CONTINUE,), binary=True, needed=True),
    Target(f"{HALF}/keyin/checkpoints/latest", TRAINED, (CONTINUE,), binary=True),
    Target(f"{HALF}/keyin/metrics.jsonl", TRAINED, (CONTINUE, ("report", HALF))),
    Target(f"{HALF}/keyin/manifest.json", TRAINED, (CONTINUE, ("info", f"{HALF}/keyin"), ("report", HALF))),
    Target(f"{HALF}/interpolator/manifest.json", TRAINED, (CONTINUE,)),
    Target(f"{HALF}/interpolator/weights.safetensors", TRAINED, (CONTINUE,), binary=True, needed=True),
    Target("targets", TRAINED, (CONTINUE,), binary=True, needed=True),
    Target(f"{EVALUATION}/eval_f1.json", SMALL, (("report", EVALUATION), ("info", EVALUATION))),
    Target(f"{EVALUATION}/sequences.jsonl", SMALL, (("report", EVALUATION),)),
    Target(f"{EVALUATION}/manifest.json", SMALL, (("report", EVALUATION), ("info", EVALUATION), (*JUDGE[:-1], EVALUATION))),
    Target(f"{TABLE}/table.json", PUBLISHED, (("report", TABLE),)),
    Target(f"{TABLE}/sequences.jsonl", PUBLISHED, (("report", TABLE),)),
    Target(f"{TABLE}/shifts.json", PUBLISHED, (("eval-f1", "--ckpt", TABLE, "--data", DATA, *JUDGE[3:]),)),
    Target(f"{TABLE}/keyin/manifest.json", PUBLISHED, (("report", TABLE), ("info", f"{TABLE}/keyin"))),
    Target(f"{TABLE}/surprise/metrics.jsonl", PUBLISHED, (("report", TABLE),)),
    Target(f"{PLANS}/plan.json", PLANNED, (("report", PLANS),)),
    Target(f"{PLANS}/keyin/episodes.jsonl", PLANNED, (PLAN, PLAN, ("report", PLANS))),
    Target(f"{PLANS}/tap/episodes.jsonl", PLANNED, (PLAN,)),
    Target(
        f"{PLANS}/keyin/manifest.json", PLANNED, (PLAN, (*PLAN, "--overwrite"), ("report", PLANS), ("info", f"{PLANS}/keyin"))
    ),
)
FOREIGN = (  # what would replace a directory, and which one
    (("pretrain-interp", RECIPE, "--out", "proj"), "proj/interpolator"),
    (("train", RECIPE, "--out", "proj"), "proj/keyin"),
    (("train", RECIPE, "--out", "proj"), "proj/interpolator"),
    (("baseline", "static", RECIPE, "--out", "proj"), "proj/static"),
    (("baseline", "surprise", RECIPE, "--out", "proj"), "proj/surprise"),
    (("baseline", "tap", RECIPE, "--out", "proj"), "proj/tap"),
    (("plan", "--method", "none", "--episodes", "1", "--pictures", "0", "--workers", "1", "--out", "proj"), "proj/none"),
    (("recipes", "copy", "brownian", "proj"), "proj"),
    (("gen-data", "brownian", "--n", "60", "--out", "proj"), "proj"),
    (("import", "s.npz", "--size", "16", "--out", "proj"), "proj"),
    (("export", "artifacts/find/s/keyframes.json", "--out", "proj"), "proj"),
    (("report", RUN, "--out", "proj"), "proj"),
    ((*JUDGE[:-1], "proj/keyin"), "proj/keyin"),
)


def case(number: int) -> Case:
    rng = random.Random(f"runs-{number}")
    if number % 8 == 7:
        return _foreign(rng, *FOREIGN[number // 8 % len(FOREIGN)])
    target = TARGETS[number % len(TARGETS)] if number % 3 else rng.choice(TARGETS)
    words, attack = rng.choice(target.commands), _attack(rng, target)

    def check(bench: Bench) -> list[str]:
        for template, *parts in target.copies:
            bench.copy(template, *parts)
        if target.file == "targets":
            file = next(iter(sorted((bench.folder / HALF / "interpolator/targets").rglob("*.safetensors"))))
        else:
            file = bench.folder / target.file
        before = file.read_bytes()
        done, wrong = attack(rng, file)
        same = file.is_file() and file.read_bytes() == before
        if target.needed and not same and wrong is None:
            wrong = True
        ended = bench.keyin(*words, prepare=plans_short if words[0] == "plan" else None)
        found = problems(ended, refused=None if same else wrong)
        return [f"{done}: {each}" for each in [*found, *_page(bench, words, ended)]]

    return Case(f"{attack.__name__.strip('_')} of {target.file}, {' '.join(words[:2])}", check)


Attack = Callable[[random.Random, Path], tuple[str, bool | None]]


def _attack(rng: random.Random, target: Target) -> Attack:
    if target.file.endswith("latest"):
        return _latest
    if target.binary:
        return rng.choice([_binary, _binary, _link])
    if target.file.endswith(".jsonl"):
        return rng.choice([_line, _line, _line, _lines, _lines, _deep, _text])
    if target.file.endswith("state.json"):
        return rng.choice([_state, _state, _text, _tree])
    return rng.choice([_tree, _tree, _tree, _tree, _deep, _text, _link])


def _link(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    return damage.away(rng, file), None if file.parent.name.startswith("step-") else False


def _binary(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    each = rng.choice([each for each in damage.BINARY if each is not damage.away])
    done = each(rng, file)
    if each in (damage.gone, damage.pipe) and "targets" in file.parts:
        return done, False  # it is searched again
    return done, None if each in (damage.flip, damage.swapped, damage.patch) else True


def _tree(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    return damage.tree(rng, file), None


def _text(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    return rng.choice(damage.TEXT[4:])(rng, file) if file.suffix == ".json" else damage.words(rng, file), None


def _deep(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    """JSON that ends programs."""
    depth = rng.choice([60, 500, 990, 5000, 200_000])
    opening, closing = rng.choice([("[", "]"), ('{"x":', "}")])
    inside = rng.choice([opening * depth + "1" + closing * depth, "9" * rng.choice([400, 5000]), "1e400", "NaN", "[" * depth])
    lines = file.read_text().splitlines(keepends=True)
    place = rng.randrange(len(lines))
    if file.suffix == ".jsonl":
        lines[place] = lines[place].rstrip()[:-1] + f', "more": {inside}}}\n'
        file.write_text("".join(lines))
    else:
        file.write_text(file.read_text().rstrip()[:-1] + f', "more": {inside}}}\n')
    return f"{depth} levels or {len(inside)} characters in a value", None


def _line(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    """Values of one line."""
    lines = file.read_text().splitlines()
    place = rng.randrange(len(lines))
    told = json.loads(lines[place])
    ways = []
    for _ in range(rng.choice([1, 1, 2])):
        way, told = odd.change(rng, told)
        ways.append(way)
    lines[place] = json.dumps(told)
    file.write_bytes(("\n".join(lines) + "\n").encode(errors="surrogatepass"))
    return f"line {place + 1}: {ways}"[:120], None


def _lines(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    """Lines twice, in another order, of nothing, of another kind, cut short."""
    lines = file.read_text().splitlines() or ["{}"]
    place, what = (
        rng.randrange(len(lines)),
        rng.choice(["twice", "order", "empty", "other", "cut", "none", "most", "gone", "nul"]),
    )
    planned = file.name == "episodes.jsonl"
    metrics = file.name == "metrics.jsonl"
    wrong: bool | None = None
    if what == "twice":
        lines.insert(place, lines[place])
        wrong = True if planned or metrics else None
    elif what == "order":
        lines.reverse()
        wrong = True if (planned or metrics) and len(lines) > 1 else None
    elif what == "empty":
        lines.insert(place, "")
        wrong = True
    elif what == "other":
        lines[place] = rng.choice(["[]", "1", "null", '"x"', "{}", '{"step": 1}', '{"task": 0}', "true"])
        wrong = True if planned or metrics else None
    elif what == "cut":
        lines[-1] = lines[-1][: rng.randrange(len(lines[-1]))]
    elif what == "most":
        lines = lines * 500
        wrong = True if planned or metrics else None
    elif what == "nul":
        lines.append("\0" * 50)
    else:
        lines = []
    file.write_text("\n".join(lines) + ("\n" if lines else ""))
    if what == "gone":
        file.unlink()
    return f"lines {what}", wrong


def _state(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    """A step that there is not."""
    step = rng.choice([0, -1, 2, 4, 6, 10**9, 10**15, 2**63, 10**30, 3.5, "3", None, True, [3]])
    damage.edit(file, ["step"], step)
    if rng.random() < 0.4 and type(step) is int and 0 <= step < 10**12:  # consistent with the name of the directory
        moved = file.parent.with_name(f"step-{step:09d}")
        file.parent.rename(moved)
        (moved.parent / "latest").write_text(moved.name)
        return f"everything says step {step}", True if step not in (2, 4, 6) else None
    return f"step {step}", True


def _latest(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    what = rng.choice(["gone", "text", "twin", "pipe"])
    if what == "gone":
        file.unlink()
        return "latest gone", False  # and it continues: see `_page`
    if what == "twin":
        shutil.copytree(file.parent / "step-000000003", file.parent / "step-000000009")
        file.unlink()
        return "latest gone beside a directory of step 9", True
    if what == "pipe":
        return damage.pipe(rng, file), True
    given = rng.choice(
        ["", "..", "../..", "step-000000004", "/etc", "step-000000003/", "\0", "x" * 5000, "step-*", "\x1b[31m", "\n"]
    )
    file.write_text(given)
    return f"latest {given[:30]!r}", True


def _page(bench: Bench, words: tuple[str, ...], ended: Outcome) -> list[str]:
    """What is wrong beside how the command ended."""
    if words == CONTINUE and ended.code == 0 and "continuing from step" not in ended.err:
        finished = json.loads((bench.folder / HALF / "keyin/manifest.json").read_text())
        return [f"started over in silence, after {finished.get('steps')} steps"]
    return []


def _foreign(rng: random.Random, command: tuple[str, ...], folder: str) -> Case:
    """A directory of somebody else where something of ours is to be made: nothing in it may change."""
    manifest: Any = rng.choice([None, None, {}, [], {"kind": "other"}, "text", {"kind": "run", "stage": "other"}, "ours", "link"])
    overwrite = rng.random() < 0.7

    def check(bench: Bench) -> list[str]:
        bench.copy("small")
        path = bench.folder / folder
        target = bench.folder / "elsewhere" if manifest == "link" else path
        path.parent.mkdir(exist_ok=True)
        if manifest == "ours":
            shutil.copytree(bench.folder / EVALUATION, path)
        elif manifest == "link":
            shutil.copytree(bench.folder / RUN / "interpolator", target)
            path.symlink_to(target, target_is_directory=True)
        else:
            path.mkdir()
            if manifest is not None:
                (path / "manifest.json").write_text(manifest if isinstance(manifest, str) else json.dumps(manifest))
        (target / "thesis.tex").write_text("years of work")
        before = {each: each.read_bytes() for each in sorted(target.rglob("*")) if each.is_file()}
        words = (*command, "--overwrite") if overwrite and command[0] not in ("report", "eval-f1") else command
        ended = bench.keyin(*words, prepare=plans_short if words[0] == "plan" else None)
        judged = words[0] == "eval-f1"  # which adds its files beside others, where nothing else of ours is
        found = problems(ended, refused=None if manifest == "link" or judged else True)
        after = {each: each.read_bytes() for each in before if each.is_file()}
        changed = [each for each in before if after.get(each) != before[each]]
        return found + ([f"changed {[each.name for each in changed]}"] if changed and not judged else [])

    return Case(f"{' '.join(command)} into a directory of others ({str(manifest)[:20]}){' --overwrite' * overwrite}", check)
