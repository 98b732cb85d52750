"""KeyIn: discovering subgoal structure with keyframe-based video prediction (Pertsch, Rybkin et al. 2019)."""

__version__ = "0.1.0"
