"""The shop's telemetry is what a well instrumented shop would send."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clew.demo.journeys import JOURNEYS, buy, buy_with_declined_card, next_story
from clew.demo.otlp import request
from clew.demo.services import SERVICES
from clew.demo.story import Broken, Kind, Story

STORIES = 1500


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    random = Random(7)
    return [next_story(random) for _ in range(STORIES)]


def play(story: Story, journey: object) -> None:
    assert callable(journey)
    try:
        journey(story)
    except Broken:
        pass


def test_same_seed_tells_the_same_stories() -> None:
    def told() -> list[bytes]:
        random = Random(42)
        spans = [span for _ in range(50) for span in next_story(random).spans]
        return [
            request(
                service, "x", [(0, s) for s in spans if s.service is service]
            ).SerializeToString(deterministic=True)
            for service in SERVICES
        ]

    assert told() == told()


def test_every_parent_exists_and_lies_around_its_child(stories: list[Story]) -> None:
    for story in stories:
        by_id = {span.span_id: span for span in story.spans}
        for span in story.spans:
            assert span.start_ns < span.end_ns
            if span.parent_id:
                parent = by_id[span.parent_id]
                assert parent.trace_id == span.trace_id
                assert parent.start_ns <= span.start_ns
                assert span.end_ns <= parent.end_ns


def test_every_trace_has_one_root(stories: list[Story]) -> None:
    roots = Counter(
        span.trace_id for story in stories for span in story.spans if not span.parent_id
    )
    traces = {span.trace_id for story in stories for span in story.spans}
    assert set(roots) == traces
    assert set(roots.values()) == {1}


def test_ids_are_never_reused(stories: list[Story]) -> None:
    ids = [span.span_id for story in stories for span in story.spans]
    assert len(ids) == len(set(ids))


def test_all_services_and_kinds_take_part(stories: list[Story]) -> None:
    spans = [span for story in stories for span in story.spans]
    assert {span.service for span in spans} == set(SERVICES)
    assert {span.kind for span in spans} == set(Kind)
    assert len({service.sdk.language for service in SERVICES}) >= 6


def test_about_two_percent_of_stories_fail_with_an_exception(stories: list[Story]) -> None:
    failed = [story for story in stories if any(span.failed for span in story.spans)]
    assert 0.01 < len(failed) / len(stories) < 0.04
    for story in failed:
        events = [event.name for span in story.spans for event in span.events]
        assert events.count("exception") == 1


def test_consumer_has_a_trace_of_its_own_linked_to_the_producer() -> None:
    story = Story(Random(1))
    buy(story)
    (producer,) = (span for span in story.spans if span.kind is Kind.PRODUCER)
    (consumer,) = (span for span in story.spans if span.kind is Kind.CONSUMER)
    assert consumer.links == [(producer.trace_id, producer.span_id)]
    assert consumer.trace_id != producer.trace_id
    assert consumer.start_ns > producer.end_ns


def test_declined_card_is_an_error_inside_and_a_402_outside() -> None:
    story = Story(Random(1))
    buy_with_declined_card(story)
    failed = {(span.service.name, span.kind) for span in story.spans if span.failed}
    assert ("payment", Kind.SERVER) in failed
    assert ("checkout", Kind.CLIENT) in failed
    assert ("checkout", Kind.SERVER) not in failed
    root = story.spans[0]
    assert root.attributes["http.response.status_code"] == 402


def test_failure_of_a_database_is_a_500_all_the_way_up() -> None:
    # Seeds are cheap: look for a story in which the database times out.
    for seed in range(2000):
        story = Story(Random(seed))
        play(story, buy)
        if any(span.attributes.get("error.type") == "QueryCanceled" for span in story.spans):
            break
    root = story.spans[0]
    assert root.failed
    assert root.attributes["http.response.status_code"] == 500
    assert story.now_ns > 4_000_000_000


def test_every_journey_ends_with_all_spans_closed() -> None:
    for journey, _ in JOURNEYS:
        for seed in range(50):
            story = Story(Random(seed))
            play(story, journey)
            assert all(span.end_ns for span in story.spans)


def test_every_span_parses_back(stories: list[Story]) -> None:
    epoch_ns = 1_795_348_800_000_000_000
    for service in SERVICES:
        spans = [span for story in stories[:300] for span in story.spans if span.service is service]
        body = request(service, "instance", [(epoch_ns, span) for span in spans])
        message = ExportTraceServiceRequest.FromString(body.SerializeToString())
        (group,) = message.resource_spans
        resource = {pair.key: pair.value for pair in group.resource.attributes}
        assert resource["service.name"].string_value == service.name
        assert resource["process.pid"].int_value == 1
        assert len(resource["process.command_args"].array_value.values) == len(service.command)
        wires = {wire.span_id: wire for scoped in group.scope_spans for wire in scoped.spans}
        assert len(wires) == len(spans)
        for span in spans:
            wire = wires[span.span_id]
            assert (len(wire.trace_id), len(wire.span_id)) == (16, 8)
            assert wire.name == span.name
            assert wire.kind == span.kind.value
            assert wire.start_time_unix_nano == epoch_ns + span.start_ns
            assert len(wire.attributes) == len(span.attributes)
            assert len(wire.events) == len(span.events)
            assert len(wire.links) == len(span.links)
            assert (wire.status.code == 2) is span.failed


def test_clock_runs_beside_itself_when_things_happen_together() -> None:
    story = Story(Random(1))
    durations = []

    def branch() -> None:
        began_ns = story.now_ns
        story.wait(10)
        durations.append(story.now_ns - began_ns)

    story.together(branch, branch, branch)
    assert story.now_ns == max(durations)
