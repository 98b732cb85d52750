"""`keyin pretrain-interp`: stage 1."""

from __future__ import annotations

from keyin_cli.commands.training import Options, train, with_options


@with_options
def run(options: Options) -> None:
    """Stage 1: train encoder, decoder and interpolator on segments between two frames. Makes the dataset when it is missing."""
    train("interpolator", options)
