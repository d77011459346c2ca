"""Text → tokens, one at a time, and how far the reader is.

A name runs over letters, digits and `_ . - / : @ # $`, so arithmetic on names needs spaces around
`-` and `/`. Parts of a name in quotes may hold anything.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto

from clew.query.language.errors import QueryError, shown

MAX_LENGTH = 16_384
MAX_DEPTH = 64

QUOTES = "\"'`"
_SPACE = re.compile(r"\s*")
_RUN = re.compile(r"[\w.$@#/:\-]+")
_NAME_START = re.compile(r"[^\W\d]|[.$@#]")
_NUMBER = re.compile(r"\.?[0-9](?:[eE][+-]?(?=[0-9])|[\w.])*")
_OPERATOR = re.compile(
    r"===|&>>|&<<|!>>|!<<|!==|->|&&|&>|&<|&~|\|\||!>|!<|!~|!=|=~|==|=>|=<|>>|>=|<<|<=|<>"
    r"|[-&|!=<>~^*/%+(){},:]"
)
# A value of the bare form that needs no quotes; braces only in pairs, as in /cart/{id}.
_INNER = r"""[^\s{}()"`&|,<>]"""
_BARE = re.compile(rf"""(?![=!~*%+'])(?:{_INNER})(?:{_INNER}|\{{{_INNER}*\}})*""")
_STRINGS = {
    '"': re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL),
    "'": re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL),
    "`": re.compile(r"`([^`]*)`"),
}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}
_TYPOGRAPHIC = "“”„‟‘’‚«»"


class Kind(Enum):
    NAME = auto()
    NUMBER = auto()
    STRING = auto()
    OPERATOR = auto()
    END = auto()


@dataclass(frozen=True)
class Token:
    """`text` as it stands in the query from `at` to `end`.

    `parts`: of a name, with whether they were quoted; of a string, its one value.
    """

    kind: Kind
    text: str
    at: int
    end: int
    parts: tuple[tuple[str, bool], ...] = ()

    def is_(self, *operators: str) -> bool:
        return self.kind is Kind.OPERATOR and self.text in operators

    def word(self) -> str:
        """A name without quoted parts, else nothing."""
        return self.text if self.kind is Kind.NAME and len(self.parts) == 1 else ""


class Cursor:
    """The reader: `token` is next, `last` was taken before it.

    `bare`: in a filter without braces, where unquoted words are values.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.bare = False
        self._depth = 0
        self.last = Token(Kind.END, "", 0, 0)
        self._next: Token | None = None

    @property
    def token(self) -> Token:
        # Read only when asked for: what is an unquoted value may be no token.
        if self._next is None:
            self._next = _scan(self.text, self.last.end)
        return self._next

    def take(self) -> Token:
        self.last, self._next = self.token, None
        return self.last

    def after(self) -> Token:
        """The token after the next one."""
        return _scan(self.text, self.token.end)

    def inside_parentheses(self) -> Token:
        """The first token that opens no parenthesis; nothing is taken."""
        at = skip_space(self.text, self.last.end)
        while self.text[at : at + 1] == "(":
            at = skip_space(self.text, at + 1)
        return _scan(self.text, at)

    def take_bare_value(self) -> Token | None:
        """Takes what can be an unquoted value; None, and nothing is taken, if nothing can."""
        start = skip_space(self.text, self.last.end)
        match = _BARE.match(self.text, start)
        if match is None or match[0].lower() in ("and", "or", "not"):
            return None
        self.last = Token(Kind.STRING, match[0], start, match.end(), ((match[0], True),))
        self._next = None
        return self.last

    def back(self, token: Token) -> None:
        """Undoes the taking of an unquoted value; `token` was taken before it."""
        self.last, self._next = token, None

    @contextmanager
    def nested(self, at: int) -> Iterator[None]:
        """One level deeper; levels are bounded, so that no recursion is deep."""
        if self._depth >= MAX_DEPTH:
            raise too_deep(at)
        self._depth += 1
        yield
        self._depth -= 1


def too_deep(at: int) -> QueryError:
    return QueryError(
        f"The query is nested more than {MAX_DEPTH} levels deep.",
        at,
        "Drop parentheses that change nothing, or ask with two queries.",
    )


def skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _scan(text: str, at: int) -> Token:
    at = skip_space(text, at)
    if at >= len(text):
        return Token(Kind.END, "", at, at)
    character = text[at]
    if character in QUOTES:
        value, end = _string(text, at)
        return Token(Kind.STRING, text[at:end], at, end, ((value, True),))
    if match := _NUMBER.match(text, at):
        return Token(Kind.NUMBER, match[0], at, match.end())
    if _NAME_START.match(character):
        return _name(text, at)
    if match := _OPERATOR.match(text, at):
        return Token(Kind.OPERATOR, match[0], at, match.end())
    if character in _TYPOGRAPHIC:
        hint = 'Write plain quotes: "checkout".'
    elif character in "–—−":
        hint = "Write a plain minus: -."
    elif character in "[]":
        hint = 'Lists are not known. For one of several strings write =~ "a|b".'
    elif character == ";":
        hint = "Write one query, without a semicolon."
    else:
        hint = "Put text in quotes."
    raise QueryError(f"The character {shown(character)} means nothing here.", at, hint)


def _name(text: str, at: int) -> Token:
    parts: list[tuple[str, bool]] = []
    end = at
    while match := _RUN.match(text, end):
        parts.append((match[0], False))
        end = match.end()
        if text[end - 1] != "." or text[end : end + 1] not in tuple(QUOTES):
            break
        value, end = _string(text, end)
        parts.append((value, True))
        if text[end : end + 1] != ".":
            break
    return Token(Kind.NAME, text[at:end], at, end, tuple(parts))


def _string(text: str, at: int) -> tuple[str, int]:
    quote = text[at]
    match = _STRINGS[quote].match(text, at)
    if match is None:
        raise QueryError(
            f"The quote {shown(text[at:])[1:-1]} is never closed.", at, f"End it with {quote}."
        )
    if quote == "`":
        return match[1], match.end()

    def unescape(escape: re.Match[str]) -> str:
        if escape[1] in _ESCAPES:
            return _ESCAPES[escape[1]]
        raise QueryError(
            f"The escape {shown(escape[0])} is not known.",
            match.start(1) + escape.start(),
            f"Write \\\\{shown(escape[1])[1:-1]} for a backslash, or put the text in backticks, "
            "which keep it as it is.",
        )

    return _ESCAPE.sub(unescape, match[1]), match.end()
