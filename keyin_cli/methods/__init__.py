"""Every method of the tables: one file each, which says all that is particular to it. What such a file needs is here."""

from keyin_cli.methods.method import Method
from keyin_cli.methods.registry import trained
from keyin_cli.methods.search import INTERPOLATOR
from keyin_cli.training.spec import Material, StageSpec

__all__ = ["INTERPOLATOR", "Material", "Method", "StageSpec", "trained"]
