"""Encoders and decoders: one file per codec, with its section of a recipe.

None of these files needs torch before a network is built, because recipes are read without it.
"""
