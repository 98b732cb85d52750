"""Two commands started at once on one output: both end well, and what they leave is what one command alone leaves."""

import shutil
import signal
from pathlib import Path

import pytest
from made import left
from processes import DATA, RECIPE, RUN, Keyin, start

Command = tuple[str, ...]

TRAIN, PRETRAIN, GENERATE = ("train", RECIPE), ("pretrain-interp", RECIPE), ("gen-data", "tiny/brownian")
STATIC, SURPRISE = ("baseline", "static", RECIPE), ("baseline", "surprise", RECIPE)
EVALUATE = ("eval-f1", "--ckpt", str(RUN), "--limit", "12", "--out", "evaluation")
TABLE = ("table", RECIPE, "--seeds", "1", "--sequences", "2", "--samples", "2", "--baseline", "static", "--set", "data.n=200")
PLAN = ("plan", "--method", "random", "--episodes", "2", "--pictures", "0", "--out", "planning")
LONGER = ("plan", "--method", "random", "--episodes", "3", "--pictures", "0", "--out", "planning")
STAGE_1, STAGE_2 = RUN / "interpolator", RUN / "keyin"
# The two commands, what is there before they start, and what they make that one command made elsewhere already; where that is
# nothing each of them is run alone, too.
PAIRS: dict[str, tuple[Command, Command, tuple[Path, ...], tuple[Path, ...]]] = {
    "the same data": (GENERATE, GENERATE, (), (DATA,)),
    "data and stage 1 that needs them": (GENERATE, PRETRAIN, (), (DATA, STAGE_1)),
    "stage 1 from nothing": (PRETRAIN, PRETRAIN, (), (DATA, STAGE_1)),
    "stage 1 and stage 2 from nothing": (PRETRAIN, TRAIN, (), (DATA, STAGE_1, STAGE_2)),
    "stage 2 from nothing": (TRAIN, TRAIN, (), (DATA, STAGE_1, STAGE_2)),
    "stage 2 on stage 1": (TRAIN, TRAIN, (DATA, STAGE_1), (STAGE_2,)),
    "stage 2 and a baseline on one stage 1": (TRAIN, STATIC, (DATA,), (STAGE_1, STAGE_2)),
    "the same baseline": (SURPRISE, SURPRISE, (DATA, STAGE_1), ()),
    "the same evaluation": (EVALUATE, EVALUATE, (DATA, RUN), ()),
    "the same table": (TABLE, TABLE, (), ()),
    "the same plan": (PLAN, PLAN, (), ()),
    "a plan and a longer one": (PLAN, LONGER, (), ()),
}
LAST = {f"planning/{name}" for name in ("plan.json", "outcomes.png", "success.png")}  # of whichever of two plans ended last


def prepared(path: Path, tiny: Path, there: tuple[Path, ...]) -> Path:
    """A working directory that holds what was made before; runs remember their data by content, not by place."""
    path.mkdir(exist_ok=True)
    for each in there:
        shutil.copytree(tiny / each, path / each)
    return path


@pytest.mark.parametrize("pair", PAIRS)
def test_both_end_well(pair: str, keyin: Keyin, tiny: Path, tmp_path: Path) -> None:
    first, second, there, made = PAIRS[pair]
    together, alone = (prepared(tmp_path / name, tiny, there) for name in ("together", "alone"))
    both = [start(command, together) for command in (first, second)]
    for command in dict.fromkeys((first, second)) if not made else ():
        done = keyin(*command, cwd=alone)
        assert done.returncode == 0, done.stderr
    for process in both:
        _, err = process.communicate(timeout=600)
        assert process.returncode == 0, err
        assert "Traceback" not in err
    for below in made or (Path(),):
        ours, theirs = left(together / below), left((tiny if made else alone) / below)
        assert ours.keys() == theirs.keys()
        for name in theirs.keys() - LAST:
            assert ours[name] == theirs[name], name


def test_who_must_not_wait_is_told_who_is_there(tiny: Path, tmp_path: Path) -> None:
    prepared(tmp_path, tiny, (DATA,))
    command = (*PRETRAIN, "--set", "pretrain.steps=100000", "--set", "pretrain.checkpoint_every=10")  # never done
    first = start(command, tmp_path)
    checkpoint = tmp_path / RUN / "interpolator" / "checkpoints" / "latest"
    while not checkpoint.is_file():
        assert first.poll() is None, first.communicate()
    second = start((*command, "--no-wait"), tmp_path)
    out, err = second.communicate(timeout=60)
    assert (second.returncode, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith(f"keyin: {RUN / 'interpolator'} is in use by process {first.pid} on ")
    assert "(keyin pretrain-interp recipes/tiny/brownian.yaml" in line
    third = start(command, tmp_path)
    told = third.stderr.readline() if third.stderr else ""
    assert "waiting; --no-wait ends instead" in told
    first.send_signal(signal.SIGKILL)  # a killed holder leaves no lock
    first.communicate()
    told = third.stderr.readline() if third.stderr else ""
    assert "continuing from step" in told
    third.send_signal(signal.SIGINT)
    assert third.wait(timeout=60) == 130
