"""Attacks on a running server, and what its other clients notice of them.

`python -m tests.flow.attacks [--only NAME,…] [--seconds N]` prints the table; the tests run a small
form of it.
"""
