"""Naming keyframes and scoring the names."""
