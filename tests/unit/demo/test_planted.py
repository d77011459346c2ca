"""What is planted can be found: the numbers differ as the story says."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest

from clew.demo.planted import PLANTED, Planted
from clew.demo.schedule import DAY_S, Window, tide
from clew.demo.story import Kind, Span, Story
from clew.query.language import parse
from tests.unit.demo.conftest import spans_of

ROOT = Path(__file__).resolve().parents[3]


def named(stories: list[Story], name: str) -> list[Span]:
    return [span for span in spans_of(stories) if span.name == name]


def entries(stories: list[Story], service: str) -> list[Span]:
    return [
        span
        for span in spans_of(stories)
        if span.service.name == service and span.kind is Kind.SERVER
    ]


def typical_ms(spans: list[Span]) -> float:
    assert spans
    return median(span.end_ns - span.start_ns for span in spans) / 1e6


def error_rate(spans: list[Span]) -> float:
    return sum(span.failed for span in spans) / len(spans)


def test_canary_is_slower_and_fails_for_one_payment_method(release: list[Story]) -> None:
    charges = entries(release, "payment")
    old = [span for span in charges if span.instance.version == "1.9.4"]
    new = [span for span in charges if span.instance.version == "2.0.0"]
    assert 0.3 < len(new) / len(charges) < 0.6
    assert typical_ms(new) > typical_ms(old) + 100
    assert error_rate(old) < 0.03
    wallet = [span for span in new if span.attributes["app.payment.method"] == "wallet"]
    assert error_rate(wallet) > 0.5
    assert error_rate([span for span in new if span not in wallet]) < 0.03
    assert all(span.attributes["app.order.id"] for span in charges)


def test_stampede_computes_bestsellers_for_every_visitor(minute: list[Story]) -> None:
    computed = named(minute, "compute bestsellers")
    assert len(computed) > 50
    assert typical_ms(computed) > 500
    assert all(span.events[0].name == "cache miss" for span in computed)


def test_outage_is_a_storm_of_retries_with_timeouts(
    outage: list[Story], minute: list[Story]
) -> None:
    def to_bank(stories: list[Story]) -> list[Span]:
        return [
            span
            for span in spans_of(stories)
            if span.attributes.get("server.address") == "bank.example"
        ]

    assert error_rate(to_bank(minute)) < 0.1
    calls = to_bank(outage)
    assert error_rate(calls) > 0.7
    assert {span.attributes.get("http.request.resend_count") for span in calls} == {None, 1, 2}
    worst = max(
        sum(span.attributes.get("server.address") == "bank.example" for span in story.spans)
        for story in outage
    )
    assert worst == 6
    lost = [span for span in entries(outage, "storefront") if span.failed]
    assert typical_ms(lost) > 8000


def test_large_carts_ask_the_database_once_an_item(minute: list[Story]) -> None:
    quotes = [span for span in entries(minute, "pricing") if span.name == "POST /quotes"]
    statements = [span for span in spans_of(minute) if span.name == "PDOStatement::execute"]
    for quote in quotes:
        items = quote.attributes["app.cart.items"]
        assert isinstance(items, int)
        asked = sum(span.parent is quote for span in statements)
        assert quote.failed or asked == (items if items > 20 else 1)
    large = [quote for quote in quotes if int(str(quote.attributes["app.cart.items"])) > 20]
    assert {span.attributes["app.tenant"] for span in large} == {"cedar"}
    assert typical_ms(large) > 10 * typical_ms([span for span in quotes if span not in large])


def test_one_tenant_searches_slowly(minute: list[Story], release: list[Story]) -> None:
    searches = entries([*minute, *release], "search")
    slow = [span for span in searches if span.attributes["app.tenant"] == "willow"]
    assert typical_ms(slow) > 5 * typical_ms([span for span in searches if span not in slow])


def test_far_region_waits_for_its_database(minute: list[Story]) -> None:
    statements = [span for span in spans_of(minute) if "db.query.summary" in span.attributes]
    far = [span for span in statements if span.instance.region == "ap-southeast-2"]
    assert typical_ms(far) > 170
    assert typical_ms([span for span in statements if span not in far]) < 30


def test_poison_message_ends_in_the_dead_letter_queue(
    minute: list[Story], release: list[Story]
) -> None:
    letters = named([*minute, *release], "send orders.dlq")
    assert letters
    for letter in letters:
        given_up = letter.parent
        assert given_up is not None
        assert given_up.failed
        tries = [
            span
            for span in named([*minute, *release], "write note")
            if span.parent is given_up and span.failed
        ]
        assert [span.attributes["app.attempt"] for span in tries] == [1, 2, 3]
        assert all(span.events[0].name == "exception" for span in tries)


def test_declined_card_is_an_error_inside_and_a_402_outside(
    minute: list[Story], release: list[Story]
) -> None:
    for story in [*minute, *release]:
        root = story.spans[0]
        if root.attributes.get("http.response.status_code") == 402:
            failed = {(span.service.name, span.kind) for span in story.spans if span.failed}
            assert ("payment", Kind.CLIENT) in failed
            assert ("checkout", Kind.CLIENT) in failed
            assert Kind.SERVER not in {kind for _, kind in failed}
            return
    raise AssertionError("no card was declined")


def test_report_fans_out_into_hundreds_of_spans(minute: list[Story]) -> None:
    (report,) = (story for story in minute if story.spans[0].service.name == "reports")
    assert 250 < len(report.spans) < 400
    hours = [span for span in report.spans if span.name == "summarise hour"][:24]
    assert max(span.start_ns for span in hours) < min(span.end_ns for span in hours)


def test_jobs_and_windows_come_again() -> None:
    window = Window(every_s=600, starts_s=120, lasts_s=180)
    held = [second for second in range(1200) if window.holds(second)]
    assert held == [*range(120, 300), *range(720, 900)]


def test_days_have_busy_and_quiet_hours_around_the_mean() -> None:
    rates = [tide(second) for second in range(int(DAY_S))]
    assert abs(sum(rates) / len(rates) - 1) < 0.001
    assert 0.35 < min(rates) < 0.45
    assert 1.55 < max(rates) < 1.65
    assert tide(0) == 1


def test_every_story_has_a_query_of_its_own() -> None:
    assert len({planted.query for planted in PLANTED}) == len(PLANTED)
    assert all(planted.query.startswith("{ ") for planted in PLANTED)


def value_of(span: Span, name: str) -> object:
    scope, _, key = name.partition(".")
    match scope:
        case "name":
            return span.name
        case "kind":
            return span.kind.name.lower()
        case "status":
            return "error" if span.failed else "unset"
        case "duration":
            return (span.end_ns - span.start_ns) / 1e6
        case "span":
            return span.attributes.get(key)
        case _:
            return span.instance.resource.get(key)


def finds(comparison: str, span: Span) -> bool:
    """One of the comparisons that the planted queries are made of, joined by `&&`."""
    name, operator, wanted = comparison.split(" ", 2)
    value = value_of(span, name)
    if operator == "=":
        return str(value) == wanted.strip('"')
    limit = float(wanted.removesuffix("ms"))
    return isinstance(value, int | float) and (value > limit if operator == ">" else value >= limit)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.title)
def test_query_of_each_story_is_understood_and_finds_some_spans_but_few(
    planted: Planted, minute: list[Story], outage: list[Story], release: list[Story]
) -> None:
    parse(planted.query)
    spans = spans_of([*minute, *outage, *release])
    found = spans
    for comparison in planted.query.strip("{ }").split(" && "):
        found = [span for span in found if finds(comparison, span)]
    assert found
    assert len(found) < len(spans) / 10


def test_guide_tells_every_story_with_its_query() -> None:
    guide = (ROOT / "docs" / "guides" / "demo.md").read_text()
    for planted in PLANTED:
        row = f"| {planted.title} | {planted.when} | {planted.what} | `{planted.query}` |"
        assert row in guide, row
