"""Detecting keyframes and scoring them (Table 1)."""
