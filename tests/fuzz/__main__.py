"""`python -m fuzz`: run cases, continue where a run was stopped, print the table. Exit code 1 when anything was wrong."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from fuzz import families, table

RESULTS = "results-*.jsonl"


def main() -> int:
    options = _options()
    if options.shard is not None:
        return _work(options)
    scratch = options.out or Path(tempfile.mkdtemp(prefix="keyin-fuzz-"))
    if options.overwrite:
        shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True, exist_ok=True)
    wanted = list(_wanted(options))
    command = [sys.executable, "-m", "fuzz", *sys.argv[1:], "--out", str(scratch), "--shard"]
    workers = [subprocess.Popen([*command, str(shard)], env=_environment()) for shard in range(options.workers)]
    begun = told = time.monotonic()
    while any(worker.poll() is None for worker in workers):
        time.sleep(0.2)
        if time.monotonic() - told > 10:
            told = time.monotonic()
            print(f"{len(_results(scratch))} of {len(wanted)} cases, {told - begun:.0f} s", file=sys.stderr, flush=True)
    died = [worker.returncode for worker in workers if worker.returncode]
    results = _results(scratch)
    done = [results[each] for each in wanted if each in results]
    for each in done:
        for problem in each["problems"]:
            print(f"{each['family']} {each['number']} ({each['name']}): {problem}")
    rows = table.rows(done)
    table.write(scratch / "table.json", rows)
    print(table.markdown(rows))
    if len(done) < len(wanted):
        print(f"{len(wanted) - len(done)} cases are left: run the same command again to continue")
    if options.out is None:
        shutil.rmtree(scratch)
    return int(bool(died) or len(done) < len(wanted) or any(each["problems"] for each in done))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--family", action="append", choices=families.names(), help="only this one; may be given many times")
    parser.add_argument("--case", type=int, action="append", help="only the case with this number")
    parser.add_argument("--sample", action="store_true", help="only the cases that `make test` runs")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no case after this time")
    parser.add_argument("--out", type=Path, help="scratch folder; a run continues in it [default: a new one, deleted at the end]")
    parser.add_argument("--overwrite", action="store_true", help="start anew")
    parser.add_argument("--keep", action="store_true", help="keep the folders of cases in which something was wrong")
    parser.add_argument("--shard", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[1])}


def _wanted(options: argparse.Namespace) -> Iterator[tuple[str, int]]:
    for name in options.family or families.names():
        module = families.family(name)
        every = max(1, module.COUNT // module.SAMPLE) if options.sample and module.SAMPLE else 1
        numbers = range(0, module.COUNT, every) if module.SAMPLE or not options.sample else ()
        yield from ((name, number) for number in options.case or numbers)


def _work(options: argparse.Namespace) -> int:
    """Run every `workers`-th case in this process, one after the other."""
    from fuzz.bench import Bench
    from fuzz.forked import preload

    preload()
    begun, parent, scratch = time.monotonic(), os.getppid(), options.out.resolve()
    finished = _results(scratch)
    with (scratch / f"results-{options.shard}.jsonl").open("a") as lines:
        for name, number in list(_wanted(options))[options.shard :: options.workers]:
            if time.monotonic() - begun > 60 * options.minutes or os.getppid() != parent:
                break
            if (name, number) in finished:
                continue
            case, started = families.family(name).case(number), time.monotonic()
            bench = Bench(scratch / "cases" / f"{name}-{number}" / "work", scratch)
            if bench.around.exists():
                bench.clear()
            bench.folder.mkdir(parents=True)
            try:
                problems = case.check(bench)
            except Exception:  # of the case itself; the others go on
                problems = [f"the case failed: {traceback.format_exc(limit=-3)}"]
            if not (problems and options.keep):
                bench.clear()
            taken = round(time.monotonic() - started, 2)
            line = {"family": name, "number": number, "name": case.name, "seconds": taken, "problems": problems}
            print(json.dumps(line), file=lines, flush=True)
    return 0


def _results(scratch: Path) -> dict[tuple[str, int], table.Result]:
    """The finished cases by family and number; a line that a kill cut short does not count."""
    found = {}
    for file in scratch.glob(RESULTS):
        for line in file.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                each = json.loads(line)
                found[each["family"], each["number"]] = each
    return found


if __name__ == "__main__":
    raise SystemExit(main())
