"""What is to be done: the error of a puck that is not moved. A row of Table 2, as in the paper."""

from __future__ import annotations

from keyin_cli.methods.method import Method
from keyin_cli.methods.none import propose

METHOD = Method(
    name="initial",
    help="for planning: the puck stays where it is",
    order=110,
    proposers={"": propose},
    servo="still",
)
