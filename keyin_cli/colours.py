"""The colours of pictures, RGB. As in the paper true changes are red and detected keyframes blue."""

from __future__ import annotations

Colour = tuple[int, int, int]

RED: Colour = (220, 40, 40)
BLUE: Colour = (50, 110, 240)
GREY: Colour = (90, 90, 90)
PINK: Colour = (240, 130, 190)
GREEN: Colour = (30, 150, 70)
TEAL: Colour = (0, 150, 160)
ORANGE: Colour = (225, 130, 20)
BLACK: Colour = (20, 20, 20)
