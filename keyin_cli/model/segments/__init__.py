"""A network that cuts sequences into segments while it learns to predict them, CompILE, and its parts.

Shape legend, beside that of `model`: B sequences of L frames, F features and A actions of a frame, M segments, H hidden units,
Z values of a latent. A boundary at frame t means that a segment begins there.
"""
