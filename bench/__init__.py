"""Benchmarks: each number we quote, measured beside its floor in the same run.

A floor is the least that the machine could do for the same outcome: the same rows, the same indexes, the same SQL,
without our code around it. What is quoted is the ratio of the two. `catalogue` names the benchmarks,
`docs/performance.md` says what each one measures; nothing of the product but its command line imports this package.
"""
