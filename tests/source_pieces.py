"""Episodes of sources, for tests that compare them as a whole."""

from collections.abc import Iterable

import numpy as np

from keyin_cli.datasets.sources.source import Piece


def one_piece(pieces: Iterable[Piece]) -> Piece:
    """An episode in one piece; at least one is needed."""
    found = list(pieces)
    arrays = [np.concatenate([getattr(piece, name) for piece in found]) for name in ("frames", "numbers", "seconds")]
    return Piece(*arrays, {name: np.concatenate([piece.signals[name] for piece in found]) for name in found[0].signals})
