"""What became of a trace: from what was given and is known to a verdict."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.query.ledger import Knocks
from clew.query.services import Service
from clew.query.trace_summary import ServicePart, Summary
from clew.query.why import Evidence, judge, parse_given
from clew.query.why.given import LONGEST
from clew.query.why.verdict import Situation
from tests.fuzz import briefly, changed_text, refusal

ID = "5b8efff798038103d269b633813fc60c"
NOW_NS = 1_795_348_800_000_000_000
SITUATION = Situation(
    retention_days=14, now_ns=NOW_NS, asked_time_ns=None, backlog_s=None, refusing=""
)
NOTHING = Evidence(None, NOW_NS - 10**12, NOW_NS)


@pytest.mark.parametrize(
    ("text", "trace_id", "sampled"),
    [
        (ID, ID, None),
        (ID.upper(), ID, None),
        (f" 0x{ID} ", ID, None),
        ("5b8efff7-9803-8103-d269-b633813fc60c", ID, None),
        (f"00-{ID}-eee19b7ec3c1b174-01", ID, True),
        (f"00-{ID}-eee19b7ec3c1b174-00", ID, False),
        (f"00-{ID}-eee19b7ec3c1b174-03", ID, True),
        (f"01-{ID}-eee19b7ec3c1b174-00-more", ID, False),
        (f"{ID}-eee19b7ec3c1b174-1", ID, True),
        (f"{ID}-eee19b7ec3c1b174-d", ID, True),
        (f"{ID}-eee19b7ec3c1b174-0-eee19b7ec3c1b175", ID, False),
        (f"{ID}:eee19b7ec3c1b174:0:1", ID, True),
        ("d269b633813fc60c:eee19b7ec3c1b174:0:0", "0" * 16 + "d269b633813fc60c", False),
        ("1-5b8efff7-98038103d269b633813fc60c", ID, None),
        ("Root=1-5b8efff7-98038103d269b633813fc60c;Sampled=1", ID, None),
        ("eee19b7ec3c1b174", "0" * 16 + "eee19b7ec3c1b174", None),
        (f"traceparent: 00-{ID}-eee19b7ec3c1b174-01", ID, True),
        (f"b3={ID}-eee19b7ec3c1b174-0", ID, False),
        (f"X-Amzn-Trace-Id: Root=1-{ID[:8]}-{ID[8:]}", ID, None),
    ],
)
def test_every_form_of_an_id_is_understood(text: str, trace_id: str, sampled: bool | None) -> None:
    found = parse_given(text)
    assert (found.trace_id, found.sampled) == (trace_id, sampled)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "neither a trace id"),
        ("hello", "neither a trace id"),
        (ID[:-1], "31 hex digits"),
        ("0" * 32, "zeros"),
        (f"00-{'0' * 32}-eee19b7ec3c1b174-01", "zeros"),
        (f"ff-{ID}-eee19b7ec3c1b174-01", "ff"),
        ("a" * 600, "600 characters"),
    ],
)
def test_what_names_no_trace_is_said_to(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_given(text)


@given(st.one_of(st.text(), st.from_regex(r"[0-9a-fA-F:\-]{0,80}")))
def test_any_text_is_an_id_or_a_sentence(text: str) -> None:
    sentence = ""
    try:
        found = parse_given(text)
        assert len(found.trace_id) == 32
        assert int(found.trace_id, 16)
    except ValueError as error:
        sentence = str(error)
    assert sentence or found


@given(
    text=changed_text(
        [
            f"00-{ID}-eee19b7ec3c1b174-01",
            f"b3: {ID}-eee19b7ec3c1b174-d-eee19b7ec3c1b174",
            f"uber-trace-id: {ID}:eee19b7ec3c1b174:0:1",
            f"Root=1-{ID[:8]}-{ID[8:]};Parent=eee19b7ec3c1b174;Sampled=1",
            "ffffffff-ffff-7fff-bfff-ffffffffffff",
        ],
        ["-", ":", "0" * 32, "ff", "0x", "\0", "ſ", "１", "traceparent:", "Root="],
    )
)
@briefly
def test_changed_header_is_judged_or_refused_with_a_sentence(text: str) -> None:
    if error := refusal(lambda: parse_given(text)):
        assert str(error)
        return
    found = parse_given(text)
    assert len(text.strip()) <= LONGEST
    assert len(bytes.fromhex(found.trace_id)) == 16
    assert judge(found, NOTHING, SITUATION).verdict in ("never_arrived", "not_sampled", "too_old")


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("eee19b7ec3c1b174", "span id"),
        (f"00-{ID}-0000000000000000-01", "zeros"),
        (f"00-{ID}-eee19b7ec3c1b174-01-more", "Version 00"),
        (f"01-{ID}-eee19b7ec3c1b174-01-more", ""),
    ],
)
def test_what_is_odd_about_an_id_is_the_first_fact(text: str, odd: str) -> None:
    first = judge(parse_given(text), NOTHING, SITUATION).facts[0]
    assert first.kind == ("form" if odd else "arrivals")
    assert odd in first.sentence


def test_times_and_counts_stand_in_the_sentence_of_a_refusal() -> None:
    found = dataclasses.replace(NOTHING, knocks=(knocks("unknown_key", 1200),))
    sentence = judge(parse_given(ID), found, SITUATION).sentence
    assert "between 2026-11-22 11:43 UTC and 2026-11-22 12:00 UTC" in sentence
    assert "1,200 times from 10.0.0.7: Why unknown_key." in sentence


def test_services_of_spans_without_their_parent_are_named() -> None:
    found = dataclasses.replace(NOTHING, summary=summary(4), orphans=(("shop", 3), ("", 1)))
    fact = judge(parse_given(ID), found, SITUATION).facts[1]
    assert (fact.kind, fact.count) == ("missing_parents", 4)
    assert "3 of shop, 1 of (no service.name)" in fact.sentence


def knocks(reason: str, count: int = 1) -> Knocks:
    return Knocks(
        reason, 401, "http1", "10.0.0.7", 4318, "curl", "", (), "", f"Why {reason}.", count, 1, 2
    )


def summary(orphans: int = 0) -> Summary:
    part = ServicePart("shop", 3, 0)
    return Summary(bytes.fromhex(ID), "shop", "GET /", NOW_NS, 1, orphans, (part,))


@pytest.mark.parametrize(
    ("verdict", "text", "evidence", "situation"),
    [
        ("stored", ID, {"summary": summary()}, {}),
        ("stored", f"00-{ID}-eee19b7ec3c1b174-00", {"summary": summary()}, {}),
        ("partly_stored", ID, {"summary": summary(1)}, {}),
        ("partly_stored", ID, {"summary": summary()}, {"dead_letters": ("It is poison.",)}),
        ("not_sampled", f"00-{ID}-eee19b7ec3c1b174-00", {"knocks": (knocks("wrong_path"),)}, {}),
        ("too_old", ID, {}, {"asked_time_ns": NOW_NS - 15 * 86_400 * 10**9}),
        ("never_arrived", ID, {}, {"asked_time_ns": 0, "retention_days": 0}),
        ("over_limit", ID, {}, {"refusing": "refusing: the disk is full"}),
        ("waiting", ID, {"knocks": (knocks("wrong_path"),)}, {"backlog_s": 3.0}),
        ("refused", ID, {"knocks": (knocks("unknown_key", 7),)}, {}),
        ("refused", ID, {"knocks": (knocks("unknown_key", 7), knocks("rate_limit"))}, {}),
        ("over_limit", ID, {"knocks": (knocks("unknown_key"), knocks("rate_limit", 7))}, {}),
        ("refused", ID, {}, {"dead_letters": ("It is poison.",)}),
        ("too_old", f"1-{ID[:8]}-{ID[8:]}", {}, {}),
        ("too_old", "018f0000-0000-7000-8000-000000000001", {}, {}),
        ("never_arrived", ID, {"end_ns": NOW_NS - 10**12}, {"refusing": "refusing: disk"}),
        ("never_arrived", ID, {"end_ns": NOW_NS - 10**12}, {"backlog_s": 3.0}),
        ("waiting", ID, {"end_ns": NOW_NS - 10**12}, {"backlog_s": 2000.0}),
        ("unknown", ID, {}, {"backlog_known": False}),
        ("refused", ID, {"knocks": (knocks("wrong_path"),)}, {"backlog_known": False}),
        ("never_arrived", ID, {"knocks": (knocks("bare_connection"),)}, {}),
        ("never_arrived", ID, {"arrived": (Service("shop", 3, 0),)}, {}),
    ],
)
def test_verdict_follows_from_what_is_known(
    verdict: str, text: str, evidence: dict[str, object], situation: dict[str, object]
) -> None:
    found = dataclasses.replace(NOTHING, **evidence)  # type: ignore[arg-type]
    now = dataclasses.replace(SITUATION, **situation)  # type: ignore[arg-type]
    why = judge(parse_given(text), found, now)
    assert why.verdict == verdict
    assert why.sentence
    assert why.hint
    if verdict in ("refused", "over_limit") and not situation:
        assert "may have been" in why.sentence


def test_refusals_are_facts_with_their_number_the_most_telling_first() -> None:
    found = dataclasses.replace(
        NOTHING,
        knocks=(knocks("bare_connection", 99), knocks("wrong_path", 2), knocks("wrong_path")),
    )
    first, second, arrivals = judge(parse_given(ID), found, SITUATION).facts
    assert (first.kind, first.count) == ("wrong_path", 3)
    assert first.sentence == "10.0.0.7: Why wrong_path."
    assert second.kind == "bare_connection"
    assert arrivals.sentence == "Nothing at all was stored of that time."


def test_arrivals_of_others_are_named() -> None:
    found = dataclasses.replace(NOTHING, arrived=(Service("cart", 1, 0), Service("shop", 1500, 0)))
    fact = judge(parse_given(ID), found, SITUATION).facts[-1]
    assert fact.sentence == "1,501 spans of that time came from shop, cart."
