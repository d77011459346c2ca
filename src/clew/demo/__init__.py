"""A small shop that sends traces. A client like any other: it imports nothing of Clew's."""
