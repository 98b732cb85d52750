"""Datasets: generators, the Zarr store and the reader that training uses."""
