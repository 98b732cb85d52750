"""`keyin benchmark`: keyframes of demonstrations whose true events are known, by every method, under one protocol.

`protocol` has the rules, `measures` the scores, `rows` a row of a table with its intervals, `reconstruction` lines of the figure,
`kept` what a method found in a file, `result` the whole as it is written. Methods are handed in by `methods.contestants`.
"""
