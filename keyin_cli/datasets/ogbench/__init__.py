"""What the kinds of dataset share that OGBench's scripted experts act (Park et al., 2025): a robot arm before a camera.

An episode is a function of (seed, index) alone: it has a simulator of its own, and NumPy's global random numbers, which the
experts use, are seeded for it. One that fails is drawn again with other numbers.
"""
