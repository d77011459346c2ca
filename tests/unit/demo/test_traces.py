"""Ids, parents and times of the shop's spans are as those of real traces."""

from __future__ import annotations

from collections import Counter
from random import Random

from clew.demo.fleet import Fleet
from clew.demo.services import SERVICES
from clew.demo.story import Kind, Span, Story
from clew.demo.wire import Encoder, flags
from tests.unit.demo.conftest import live, spans_of


def is_async(span: Span) -> bool:
    """Kafka's consumers go on after the sender has ended."""
    return span.kind is Kind.CONSUMER and span.parent is not None and span.is_entry


def test_same_seed_tells_the_same_stories() -> None:
    def told(seed: int) -> list[bytes]:
        encoder = Encoder()
        return [encoder.span(span, 0) for span in spans_of(live(seed, 0, 10))]

    assert told(42) == told(42)
    assert told(42) != told(43)


def test_every_parent_is_there_and_lies_around_its_child(minute: list[Story]) -> None:
    for story in minute:
        known: set[Span] = set()
        for span in story.spans:
            assert span.start_ns < span.end_ns
            if span.parent is not None:
                assert span.parent in known
                assert span.parent.trace_id == span.trace_id
                assert span.parent.start_ns < span.start_ns
                assert span.end_ns < span.parent.end_ns or is_async(span)
            known.add(span)


def test_every_trace_has_one_root(minute: list[Story]) -> None:
    roots = Counter(span.trace_id for span in spans_of(minute) if span.parent is None)
    assert set(roots) == {span.trace_id for span in spans_of(minute)}
    assert set(roots.values()) == {1}


def test_roots_are_requests_batches_and_jobs(minute: list[Story]) -> None:
    roots = Counter(
        (span.service.name, span.kind.name) for span in spans_of(minute) if span.parent is None
    )
    assert set(roots) == {
        ("storefront", "SERVER"),
        ("notification", "CONSUMER"),
        ("reports", "CONSUMER"),
        ("inventory", "INTERNAL"),
    }


def test_processes_meet_only_where_something_is_sent(minute: list[Story]) -> None:
    for span in spans_of(minute):
        if span.parent is not None and span.is_entry:
            assert (span.parent.kind, span.kind) in {
                (Kind.CLIENT, Kind.SERVER),
                (Kind.PRODUCER, Kind.CONSUMER),
            }
            assert span.parent.service is not span.service


def test_ids_are_never_reused(minute: list[Story]) -> None:
    ids = [span.span_id for span in spans_of(minute)]
    assert len(ids) == len(set(ids))


def test_all_services_replicas_and_kinds_take_part(minute: list[Story]) -> None:
    spans = spans_of(minute)
    assert {span.service for span in spans} == set(SERVICES)
    assert {span.kind for span in spans} == set(Kind)
    assert len({service.sdk.language for service in SERVICES}) == 8
    seen = {span.instance for span in spans}
    assert {one for one in Fleet(Random(1)).instances if one.is_canary}
    assert not any(one.is_canary for one in seen)
    for service in SERVICES:
        if service.everywhere:
            assert {one.region for one in seen if one.service is service} == {
                "eu-west-1",
                "us-east-1",
                "ap-southeast-2",
            }


def test_links_lead_to_producers(minute: list[Story]) -> None:
    spans = spans_of(minute)
    producers = {(span.trace_id, span.span_id) for span in spans if span.kind is Kind.PRODUCER}
    linked = [span for span in spans if span.links]
    assert {span.kind for span in linked} == {Kind.CONSUMER}
    assert {(link.trace_id, link.span_id) for span in linked for link in span.links} <= producers
    batches = [span for span in linked if span.parent is None]
    assert max(len(span.links) for span in batches) == 8
    for batch in batches:
        assert batch.trace_id not in {link.trace_id for link in batch.links}


def test_sampled_flag_is_set_and_remote_parents_are_marked(minute: list[Story]) -> None:
    marks = {
        flags(span)
        for span in spans_of(minute)
        if span.parent is not None and span.is_entry and span.service.sdk.tells_remote
    }
    assert marks == {0x301}
    assert {flags(span) for span in spans_of(minute)} == {0x001, 0x101, 0x301}


def test_latencies_have_tails(minute: list[Story]) -> None:
    took = sorted(
        span.end_ns - span.start_ns
        for span in spans_of(minute)
        if span.service.name == "storefront" and span.parent is None
    )
    assert took[len(took) // 2] < 80_000_000
    assert took[len(took) * 99 // 100] > 5 * took[len(took) // 2]


def test_one_or_two_in_a_hundred_traces_fail(minute: list[Story]) -> None:
    failed = [story for story in minute if any(span.failed for span in story.spans)]
    assert 0.005 < len(failed) / len(minute) < 0.04


def test_clock_runs_beside_itself_when_things_happen_together() -> None:
    story = Story(Random(1), Fleet(Random(1)))
    durations = []

    def branch() -> None:
        began_ns = story.now_ns
        story.wait(10)
        durations.append(story.now_ns - began_ns)

    story.together(branch, branch, branch)
    assert story.now_ns == max(durations)
