"""Networks that cut sequences into segments while they learn to predict them: CompILE, VTA and LOVE, and what they share.

Shape legend, beside that of `model`: B sequences of L frames, F features and A actions of a frame, M segments, H hidden units,
Z values of a latent, K codes. A boundary at frame t means that a segment begins there.
"""
