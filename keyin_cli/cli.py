"""The `keyin` program. Imports no torch and no mujoco: every command imports what it needs when it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import typer
from typer.core import TyperGroup

from keyin_cli import __version__, distributed, interrupts
from keyin_cli.commands import (
    baseline,
    benchmark,
    doctor,
    eval_f1,
    export,
    find,
    gen_data,
    import_data,
    info,
    plan,
    pretrain_interp,
    recipes,
    report,
    table,
    train,
)
from keyin_cli.endings import Ending, ending, usage
from keyin_cli.errors import InputError, Interrupted
from keyin_cli.tuning import tune_c_libraries

tune_c_libraries()

LEAST = 1 << 26  # bytes of memory: with less than that Python itself ends in many ways, some of which hang
DISTRIBUTED = ("pretrain-interp", "train", "baseline")  # what torchrun may start


class Program(TyperGroup):
    """Turns everything but mistakes of its own into a line and an exit code."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with _in_lines():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> object:
        with _in_lines():
            return super().invoke(ctx)


@contextmanager
def _in_lines() -> Iterator[None]:
    """Errors of the user, of the machine and of arguments, and signals, as lines; `keyin` alone still shows its help."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as caught:
        stopped = interrupts.received() or isinstance(caught, KeyboardInterrupt)  # libraries make other errors of it
        error = Interrupted(interrupts.STOPPED) if stopped and not isinstance(caught, Interrupted) else caught
        wrong = hasattr(error, "format_message") and type(error).__name__ != "NoArgsIsHelpError"
        if (said := usage(error) if wrong else ending(error)) is None:
            raise
        raise _end(said) from error


def _end(said: Ending) -> typer.Exit:
    with suppress(OSError):  # the terminal is gone
        typer.echo("\n".join(f"keyin: {line}" for line in said.lines), err=True)
    return typer.Exit(said.code)


app = typer.Typer(
    cls=Program,
    help="KeyIn (Pertsch, Rybkin et al. 2019): find the keyframes of videos without supervision, and predict videos from them.",
    epilog="keyin train brownian && keyin eval-f1 --ckpt artifacts/runs/brownian",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"keyin {__version__}")
        raise typer.Exit


@app.callback()
def main(
    ctx: typer.Context,
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    from keyin_cli import machine, progress  # not for help

    progress.speak()
    machine.check_room(LEAST, "keyin", "end other programs, or allow it more")
    if distributed.world() > 1 and ctx.invoked_subcommand not in DISTRIBUTED:
        raise InputError(f"{ctx.invoked_subcommand} runs in one process: start it without torchrun")


app.command("gen-data", epilog="keyin gen-data brownian --n 20000 --seed 1 --out artifacts/data/fresh.zarr")(gen_data.run)
app.command("import", epilog="keyin import demonstrations/ --out artifacts/data/mine.zarr --size 64 --fps 10")(import_data.run)
app.command("pretrain-interp", epilog="keyin pretrain-interp recipes/brownian.yaml --set pretrain.steps=5000")(
    pretrain_interp.run
)
app.command("train", epilog="keyin train recipes/brownian.yaml --seed 1 --out artifacts/runs/brownian-seed1")(train.run)
app.command("baseline", epilog="keyin baseline surprise recipes/brownian.yaml")(baseline.run)
app.command("eval-f1", epilog="keyin eval-f1 --ckpt artifacts/runs/brownian --split val --selector search")(eval_f1.run)
app.command("table", epilog="keyin table recipes/brownian.yaml --seeds 1")(table.run)
app.command("benchmark", epilog="keyin benchmark gridworld --minutes 15 --out artifacts/benchmark")(benchmark.run)
app.command("plan", epilog="keyin plan --ckpt artifacts/runs/pushing --method none --method keyin")(plan.run)
app.command("find", epilog="keyin find demonstrations/ --minutes 20")(find.run)
app.command("report", epilog="keyin report artifacts/find/mine/keyframes.json")(report.run)
app.command("export", epilog="keyin export artifacts/find/mine/keyframes.json --to csv --to images")(export.run)
app.command("info", epilog="keyin info artifacts/data/brownian.zarr --verify")(info.run)
app.command("doctor", epilog="keyin doctor --json")(doctor.run)
app.add_typer(recipes.app, name="recipes")
