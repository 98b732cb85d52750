"""Attacks on the program: malformed input, kills, signals, full disks, twins. `make fuzz` runs all, `make test` a sample.

A family (a module in `fuzz.families`) makes numbered cases; a case does something to commands on a bench, its own scratch folder,
and says what was wrong. Everything is determined by the family's name and the case's number.
"""
