"""Whether a regular expression is one of RE2, which is what the store matches with.

RE2 matches in linear time, and lacks what cannot be matched so: look-around and back-references.
Python's `re` has them, so compiling with that would promise too much. Limits are RE2's own.
"""

import re
from dataclasses import dataclass

_MAX_REPEAT = 1000
_MAX_GROUPS = 100
# Instructions of the compiled program, roughly: RE2 stops at 8 MiB. Found by trying how often
# single atoms can be repeated: a Unicode class 404 to 5,682 times, a dot 58,249 times.
_MAX_SIZE = 160_000
_CATEGORY_SIZE, _NEGATED_SIZE = 400, 3
_CLASSES = frozenset(
    "alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit".split()
)
_CATEGORIES = frozenset(
    "Any C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps "
    "S Sc Sk Sm So Z Zl Zp Zs "
    "Arabic Armenian Bengali Bopomofo Braille Cherokee Common Cyrillic Devanagari Ethiopic "
    "Georgian Greek Gujarati Gurmukhi Han Hangul Hebrew Hiragana Inherited Kannada Katakana Khmer "
    "Lao Latin Malayalam Mongolian Myanmar Oriya Sinhala Syriac Tamil Telugu Thaana Thai "
    "Tibetan".split()
)
_REPEAT = re.compile(r"\{(\d{1,9})(?:(,)(\d{0,9}))?\}", re.ASCII)
_HEX = re.compile(r"x(?:[0-9a-fA-F]{2}|\{([0-9a-fA-F]{1,8})\})")
_OCTAL = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
_CATEGORY = re.compile(r"[pP](?:([A-Za-z])|\{\^?([A-Za-z_]+)\})")
_GROUP_NAME = re.compile(r"\?P?<([A-Za-z0-9_]+)>", re.ASCII)
_FLAGS = re.compile(r"\?(?:[imsU]+(?:-[imsU]+)?|-[imsU]+)?([:)])")
_CLASS = re.compile(r"\[:\^?([a-z]*):\]")
_ANYWHERE = "dDsSwW"
_CHARACTERS = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_OUTSIDE = "AzbB"
_NO_RE2 = {
    "?=": ("Look-ahead (?=", "Match the whole value, or join two conditions with &&."),
    "?!": ("Look-ahead (?!", "Add a second condition with !~ instead."),
    "?<=": ("Look-behind (?<=", "Match the whole value, or join two conditions with &&."),
    "?<!": ("Look-behind (?<!", "Add a second condition with !~ instead."),
    "?>": ("The atomic group (?>", "Write a plain group: (?: … )."),
    "?(": ("The conditional (?(", "Write alternatives: (a|b)."),
    "?#": ("The comment (?#", "Leave the comment out."),
    "?P=": ("The back-reference (?P=", "Write the text itself."),
    "?P>": ("The recursion (?P>", "Write the group itself."),
    "?R": ("The recursion (?R", "Write the group itself."),
    "?|": ("The branch reset (?|", "Write a plain group: (?: … )."),
}
_NO_ESCAPE = {
    "Z": r"Write \z, or nothing: the whole value has to match anyway.",
    "C": "Write . for one character.",
    "h": r"Write [ \t] for a space or a tab.",
    "R": r"Write \r?\n for the end of a line.",
    "X": "Write . for one character.",
    "e": r"Write \x1b for escape.",
    "u": r"Write \x{…} with the hexadecimal number of the character.",
    "c": r"Write \x with the hexadecimal number of the character.",
}


@dataclass(frozen=True)
class RegexError(Exception):
    """`offset`: in characters, within the pattern."""

    message: str
    offset: int
    hint: str


@dataclass
class _Group:
    """An open group. `repeat`: the largest product of repetitions in it; `size`: of its program."""

    at: int
    repeat: int = 1
    size: int = 0


def check_regex(pattern: str) -> None:
    """Raises `RegexError` if the pattern is none of RE2."""
    _Checker(pattern).run()


class _Checker:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.groups = [_Group(0)]
        self.names: set[str] = set()
        # Repetitions within what stands before `at`; 0 if nothing there can be repeated.
        self.atom = 0
        self.size = 0
        self.repeated = False

    def run(self) -> None:
        while self.at < len(self.pattern):
            self._one(self.pattern[self.at])
        if len(self.groups) > 1:
            raise RegexError("The group ( is never closed.", self.groups[-1].at, _BRACKET % "(")

    def _one(self, character: str) -> None:
        repeat = _REPEAT.match(self.pattern, self.at) if character == "{" else None
        if character in "*+?" or repeat:
            self._repeat(repeat)
            return
        self.repeated = False
        if character == "(":
            self._open()
        elif character == ")":
            self._close()
        elif character == "|":
            self.at, self.atom = self.at + 1, 0
        elif character == "[":
            self._set()
        elif character == "\\":
            start = self.at
            self._escape(inside=False)
            if self.pattern[start : self.at] == r"\Q\E":
                return
            self._atom(_CATEGORY_SIZE if self.pattern[start + 1] in "pP" else self.at - start)
        else:
            self.at += 1
            self._atom(_NEGATED_SIZE if character == "." else 1)

    def _repeat(self, counted: re.Match[str] | None) -> None:
        start = self.at
        text = counted[0] if counted else self.pattern[start]
        if self.repeated:
            possessive = text == "+"
            raise RegexError(
                f"The possessive repetition {self.pattern[start - 1]}+ is not known."
                if possessive
                else f"The repetition {text} follows another one.",
                start,
                "Drop the +." if possessive else "Put what is repeated in a group: (?:a*)*.",
            )
        if self.atom == 0:
            raise RegexError(
                f"There is nothing that {text} could repeat.",
                start,
                rf"Write .* for any text, or \{text} for the character itself.",
            )
        if counted:
            low = int(counted[1])
            high = low if counted[2] is None else int(counted[3] or 0)
            if (counted[3] and low > high) or max(low, high) * self.atom > _MAX_REPEAT:
                raise RegexError(
                    f"The repetition {text} is not possible.",
                    start,
                    f"Write the smaller number first, and repeat at most {_MAX_REPEAT} times, "
                    "repetitions within it included.",
                )
            self.atom = max(1, self.atom * max(low, high))
            self._add(self.size * max(0, max(low, high) - 1))
        self.at += len(text)
        if self.pattern[self.at : self.at + 1] == "?":
            self.at += 1
        self.repeated = True

    def _atom(self, size: int, repeat: int = 1) -> None:
        """Something that can be repeated ends at `at`."""
        self.atom, self.size = repeat, size
        self._add(size)

    def _add(self, size: int) -> None:
        group = self.groups[-1]
        group.repeat = max(group.repeat, self.atom)
        group.size += size
        if group.size > _MAX_SIZE:
            raise RegexError(
                "It is too large when its repetitions are written out.",
                self.at - 1,
                "Repeat fewer times, or write [a-zA-Z] for a class of all letters.",
            )

    def _open(self) -> None:
        start, pattern = self.at, self.pattern
        self.at += 1
        if pattern.startswith("?", self.at):
            if name := _GROUP_NAME.match(pattern, self.at):
                if name[1] in self.names:
                    raise RegexError(
                        f"The group name {name[1]} is there twice.", start, "Drop the names."
                    )
                self.names.add(name[1])
                self.at = name.end()
            elif flags := _FLAGS.match(pattern, self.at):
                self.at = flags.end()
                if flags[1] == ")":
                    return
            else:
                what, hint = next(
                    (
                        found
                        for begin, found in _NO_RE2.items()
                        if pattern.startswith(begin, start + 1)
                    ),
                    (f"The group {pattern[start : start + 3]}", "Write a plain group: (?: … )."),
                )
                raise RegexError(f"{what} is not supported (RE2 syntax).", start, hint)
        if len(self.groups) > _MAX_GROUPS:
            raise RegexError("Groups are nested too deep.", start, "Drop groups.")
        self.groups.append(_Group(start))
        self.atom = 0

    def _close(self) -> None:
        if len(self.groups) == 1:
            raise RegexError("The group ) was never opened.", self.at, _BRACKET % ")")
        group = self.groups.pop()
        self.at += 1
        self._atom(group.size + 2, group.repeat)

    def _set(self) -> None:
        """`[…]`."""
        start, pattern = self.at, self.pattern
        self.at += 1
        size = 1
        if pattern.startswith("^", self.at):
            self.at += 1
            size = _NEGATED_SIZE
        first = True
        while first or not pattern.startswith("]", self.at):
            if self.at >= len(pattern):
                raise RegexError("The set [ is never closed.", start, _BRACKET % "[")
            first = False
            if pattern.startswith("[:", self.at) and ":]" in pattern[self.at + 2 : self.at + 20]:
                named = _CLASS.match(pattern, self.at)
                if named is None or named[1] not in _CLASSES:
                    raise RegexError(
                        "There is no such class of characters.",
                        self.at,
                        f"Classes are {', '.join(sorted(_CLASSES))}.",
                    )
                self.at = named.end()
                continue
            low_at = self.at
            low = self._member()
            size += _CATEGORY_SIZE if pattern[low_at : low_at + 2] in (r"\p", r"\P") else 1
            if pattern.startswith("-", self.at) and pattern[self.at + 1 : self.at + 2] not in (
                "]",
                "",
            ):
                if low is None:
                    continue
                self.at += 1
                high = self._member()
                if high is None or high < low:
                    raise RegexError(
                        f"The range {pattern[low_at : self.at]} is empty.",
                        low_at,
                        r"Write the smaller character first, or \- for a minus.",
                    )
        self.at += 1
        self._atom(size)

    def _member(self) -> int | None:
        """One member of a set: its code point, or None of a class of characters."""
        if self.pattern[self.at] == "\\":
            return self._escape(inside=True)
        self.at += 1
        return ord(self.pattern[self.at - 1])

    def _escape(self, inside: bool) -> int | None:
        start, pattern = self.at, self.pattern
        character = pattern[start + 1 : start + 2]
        if not character:
            raise RegexError(
                "Nothing follows the last backslash.", start, r"Write \\ for a backslash."
            )
        self.at += 2
        if character in _ANYWHERE or (not inside and character in _OUTSIDE):
            return None
        if character in _CHARACTERS:
            return _CHARACTERS[character]
        if match := _OCTAL.match(pattern, start + 1):
            self.at = match.end()
            return int(match[0], 8)
        if match := _HEX.match(pattern, start + 1):
            self.at = match.end()
            code = int(match[1] or match[0][1:], 16)
            if code <= 0x10FFFF:
                return code
        if match := _CATEGORY.match(pattern, start + 1):
            self.at = match.end()
            if (match[1] or match[2]) in _CATEGORIES:
                return None
            raise RegexError(
                f"There is no class of characters \\{match[0]}.",
                start,
                r"Write \p{L} for letters, \p{Lu} for capitals, or a script as in \p{Greek}.",
            )
        if character == "Q" and not inside:
            end = pattern.find(r"\E", self.at)
            if end < 0:
                raise RegexError(r"The quote \Q is never closed.", start, r"Close it with \E.")
            self.at = end + 2
            return None
        if character.isascii() and not character.isalnum():
            return ord(character)
        if character.isdigit() or character in "kg":
            raise RegexError(
                f"The back-reference \\{character} is not supported (RE2 syntax).",
                start,
                "Write the text itself.",
            )
        raise RegexError(
            f"The escape \\{character} is not known (RE2 syntax).",
            start,
            _NO_ESCAPE.get(character, f"Write {character} without the backslash."),
        )


_BRACKET = r"Close it, or write \%s for the character itself."
