"""Queries of the corpus, changed anywhere."""

import time
from contextlib import suppress

from hypothesis import given

from clew.query.compile import NeedsTrace
from clew.query.language.errors import QueryError
from clew.query.language.parser import parse
from clew.query.language.text import show
from clew.query.language.words import INTRINSICS, METRICS, STAGES
from clew.query.per_span import span_query
from tests.fuzz import briefly, changed_text, refusal
from tests.unit.query.language.golden import entries

SAMPLES = [entry.query for name in ("valid.txt", "invalid.txt") for entry in entries(name)]
WORDS = (
    *("{", "}", "(", ")", "[", "]", "|", "&&", "||", "!", "=~", "!~", ">>", "&>", "=", "\\", "\0"),
    *('"', "'", "`", "nil", "1e400", "99999999999999999999", "-", "1ns", "10h", "𝔘", "é", "\u202e"),
    *('span."', "event:", ".", "parent.", "by(", "select(", "// ", "\n", "with (a=1)"),
    *sorted({*STAGES, *METRICS, *INTRINSICS}),
)


@briefly
@given(text=changed_text(SAMPLES, WORDS))
def test_changed_query_is_understood_and_compiled_or_explained(text: str) -> None:
    def understand() -> None:
        query = parse(text)
        # The canonical text means the same, and is its own.
        assert parse(show(query)) == query
        assert show(parse(show(query))) == show(query)
        with suppress(NeedsTrace):
            span_query(text)

    begun = time.process_time()
    error = refusal(understand, QueryError)
    assert time.process_time() - begun < 2
    if error is not None:
        assert 0 <= error.position <= len(text)
        assert str(error)
        assert error.hint.endswith(".")
