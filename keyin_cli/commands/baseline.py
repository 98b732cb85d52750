"""`keyin baseline`: train what KeyIn is compared with."""

from __future__ import annotations

from typing import Annotated

import typer

from keyin_cli.commands.common import listed
from keyin_cli.commands.training import Options, train, with_options
from keyin_cli.names import baselines
from keyin_cli.registry import METHODS

HELP = listed("What to train: ", baselines(), METHODS)


@with_options
def run(method: Annotated[str, typer.Argument(metavar="METHOD", help=HELP)], options: Options) -> None:
    """Train a baseline on stage 1, which is trained first when it is missing."""
    from keyin_cli.methods.registry import baseline

    train(baseline(method), options)
