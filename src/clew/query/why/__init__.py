"""Why a trace is not to be seen: what was given, what is known, and what follows from it."""

from clew.query.why.evidence import Evidence, gather
from clew.query.why.given import Given, parse_given
from clew.query.why.verdict import Fact, Verdict, Why, judge

__all__ = ["Evidence", "Fact", "Given", "Verdict", "Why", "gather", "judge", "parse_given"]
