"""Where demonstrations of other people are read from: one file per format, see `source`."""
