"""Queries of the corpus, changed anywhere."""

import time

from hypothesis import given

from clew.query.compile import NeedsTrace
from clew.query.language.errors import QueryError
from clew.query.language.parser import parse
from clew.query.language.text import show
from clew.query.language.words import INTRINSICS, METRICS, STAGES
from clew.query.per_span import span_query
from tests.fuzz import briefly, changed_text
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
    begun = time.process_time()
    try:
        query = parse(text)
        # The canonical text means the same, and is its own.
        assert parse(show(query)) == query
        assert show(parse(show(query))) == show(query)
        span_query(text)
    except QueryError as error:
        assert 0 <= error.position <= len(text)
        assert str(error)
        assert error.hint.endswith(".")
    except NeedsTrace:
        pass
    assert time.process_time() - begun < 2
