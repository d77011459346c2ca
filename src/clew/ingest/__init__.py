"""Sealed segment → decode → store → delete: the whole write path of the store process.

`loop` takes segments and `insert` stores one; `pieces` and `bisect` find what of one the store
refuses, `dead` keeps it, `faults` is for tests.
"""

from clew.ingest.insert import FAULT_POINTS, Tables
from clew.ingest.loop import Ingest
from clew.ingest.pieces import Limits

__all__ = ["FAULT_POINTS", "Ingest", "Limits", "Tables"]
