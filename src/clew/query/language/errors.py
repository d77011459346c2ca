"""What is said about a text that is no query."""

_EXAMPLE = 'Write { resource.service.name = "checkout" }, or leave the query empty to find all.'
_LONGEST = 40


class QueryError(Exception):
    """The query is not understood. `position` counts characters from 0."""

    def __init__(self, message: str, position: int, hint: str = _EXAMPLE) -> None:
        super().__init__(message)
        self.position = position
        self.hint = hint


def shown(text: str) -> str:
    """A piece of the query as messages quote it: shortened, on one line, in backticks."""
    line = " ".join(text[: 2 * _LONGEST].split())
    if len(line) > _LONGEST or len(text) > 2 * _LONGEST:
        line = line[:_LONGEST] + "…"
    return f"`{line}`"
