"""Clew's benchmarks: `python -m bench.run`; the method is in README.md."""
