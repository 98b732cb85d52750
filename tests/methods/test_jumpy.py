"""The constant offset of Jumpy: what is given, or an even share of the sequence."""

import pytest

from keyin_cli.methods.jumpy import variant
from keyin_cli.recipe import check

MINIMAL = {"name": "x", "data": {"kind": "brownian"}}


@pytest.mark.parametrize(
    ("overrides", "offset"),
    [
        ([], 5),  # of 30 frames and 6 keyframes
        (["window.predicted=29"], 4),
        (["window.predicted=6"], 1),  # as many frames as keyframes
        (["jumpy.offset=7"], 7),
    ],
)
def test_the_offset(overrides: list[str], offset: int) -> None:
    assert variant(check(MINIMAL, overrides)).model.offsets.offset == offset
