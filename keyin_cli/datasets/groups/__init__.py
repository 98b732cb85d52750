"""Zarr groups that nobody vouches for, our own datasets included: the one place that reads them."""
