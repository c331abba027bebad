"""Measurements of the server from outside: `python -m bench [NAME …]`; docs/benchmarks.md tells how to read them.

Figures of different machines do not compare, nor do those of a machine that does other things at the same time; the
ratio of two that were taken in turn does.
"""
