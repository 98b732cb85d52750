"""The model of the paper, one module per file.

Shape legend: B batch, n sequences, m samples of each, T conditioning frames, N predicted frames, M keyframes, S largest offset,
E embedding size, Z latent size, H W C image height, width and channels. Images are float in [0, 1], channels last, as in the
datasets.
"""
