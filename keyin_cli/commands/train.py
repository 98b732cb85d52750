"""`keyin train`: stage 2."""

from __future__ import annotations

from keyin_cli.commands.training import Options, train, with_options


@with_options
def run(options: Options) -> None:
    """Stage 2: train the keyframe model on the frozen interpolator. Runs stage 1 first when it is missing."""
    train("keyin", options)
