"""Every picture and video. Frames are uint8 (T,H,W,C); times are bool (T,). Files are PNG, GIF and MP4.

Colours as in the paper: true changes red, detected keyframes blue; in pushing the start is pink and the goal green.
"""

from keyin_cli.figures.curves import curves
from keyin_cli.figures.dataset import Paths, demonstrations, histograms, puck_paths
from keyin_cli.figures.evaluation import Example, Strip, Whole, animation, frame_strip, strips, trajectories, whole_sequences
from keyin_cli.figures.film import film
from keyin_cli.figures.plans import Outcomes, episode_film, outcomes, plan_strip, success_curves
from keyin_cli.figures.reconstruction import Reconstructed, reconstruction
from keyin_cli.figures.robustness import Factor, robustness
from keyin_cli.figures.sheet import SheetRow, contact_sheet
from keyin_cli.figures.style import framed, overlay

__all__ = [
    "Example",
    "Factor",
    "Outcomes",
    "Paths",
    "Reconstructed",
    "SheetRow",
    "Strip",
    "Whole",
    "animation",
    "contact_sheet",
    "curves",
    "demonstrations",
    "episode_film",
    "film",
    "frame_strip",
    "framed",
    "histograms",
    "outcomes",
    "overlay",
    "plan_strip",
    "puck_paths",
    "reconstruction",
    "robustness",
    "strips",
    "success_curves",
    "trajectories",
    "whole_sequences",
]
