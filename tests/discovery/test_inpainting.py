"""Sequences drawn from their frames at given times."""

import numpy as np

from keyin_cli.discovery.inpainting import chain_nodes


def test_nodes_cut_gaps_that_are_too_long() -> None:
    times = np.zeros(12, bool)
    times[8] = True
    assert chain_nodes(times, longest=4).tolist() == [0, 4, 8, 9, 12]
