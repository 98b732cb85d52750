"""Every method of the tables: one file each, which says all that is particular to it."""
