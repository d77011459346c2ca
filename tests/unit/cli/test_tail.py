"""Following: what is asked for, and that each trace is shown once, when it is whole."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import httpx2
import pytest

from clew.cli import tail
from clew.cli.output import Failure
from clew.cli.tail import OVERLAP_S, PATIENCE_S, Arriving, Found, Shown, follow, missing
from tests.unit.cli.test_client import api
from tests.unit.cli.test_search import trace

SECOND_NS = 10**9
BEGAN_NS = 1_795_348_800 * SECOND_NS


def summary(trace_id: str, spans: int = 3, orphans: int = 0, late_s: int = 0) -> dict[str, Any]:
    counts = {"spanCount": spans, "orphanCount": orphans}
    return {**trace(BEGAN_NS - late_s * SECOND_NS), "traceId": trace_id, **counts}


class Server:
    """Answers with the next list of traces each time, at last always the same; a second passes."""

    def __init__(self, *answers: list[str] | int) -> None:
        self.answers = answers
        self.asked: list[dict[str, str]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        number = len(self.asked)
        self.asked.append(dict(request.url.params))
        answer = [] if number == 0 else self.answers[min(number, len(self.answers)) - 1]
        if isinstance(answer, int):
            error = {"code": "busy", "message": "All connections were in use."}
            return httpx2.Response(answer, json={"error": error})
        body = {
            "traces": [summary(one) for one in answer],
            "nextCursor": None,
            "covered": {"endTimeUnixNano": str(BEGAN_NS + number * SECOND_NS)},
        }
        return httpx2.Response(200, json=body)


def no_sleep(seconds: float) -> None:
    pass


def shown(server: Server, count: int) -> list[str]:
    return [one.trace["traceId"] for one in islice(follow(api(server), "x", no_sleep), count)]


def polled(*polls: list[dict[str, Any]] | Found) -> Iterator[tuple[int, str, int, bool]]:
    """Poll, trace, its spans and whether it grew, of all that come out; a poll a second."""
    arriving = Arriving()
    for number, traces in enumerate(polls):
        end_ns = BEGAN_NS + number * SECOND_NS
        found = traces if isinstance(traces, Found) else Found(BEGAN_NS, end_ns, traces, True)
        for one in arriving.take(found):
            yield number, one.trace["traceId"], one.trace["spanCount"], one.growing


def test_each_trace_is_shown_once_the_oldest_first() -> None:
    assert shown(Server(["b", "a"], ["c", "b", "a"], ["d", "c", "b", "a"]), 4) == list("abcd")


def test_trace_that_grows_is_shown_when_it_has_been_quiet() -> None:
    counts = [2, 5, 5, 6, 6, 6, 6, 6]
    assert list(polled(*([summary("a", count)] for count in counts))) == [(5, "a", 6, False)]


def test_missing_parent_is_waited_for() -> None:
    orphaned = [[summary("a", 2, orphans=1)]] * 5
    assert list(polled(*orphaned, *[[summary("a", 3)]] * 4)) == [(7, "a", 3, False)]


def test_patience_ends() -> None:
    growing = ([summary("a", count)] for count in range(20))
    assert list(polled(*growing)) == [(PATIENCE_S, "a", PATIENCE_S, True)]
    orphaned = [[summary("a", orphans=2)]] * 20
    assert list(polled(*orphaned)) == [(PATIENCE_S, "a", 3, False)]


def test_what_an_incomplete_trace_lacks_is_said() -> None:
    assert missing(Shown(summary("a"), False)) == ""
    assert (
        missing(Shown(summary("a", orphans=1), False)) == "  ! incomplete: 1 span lacks its parent"
    )
    said = missing(Shown(summary("a", orphans=2), True))
    assert said == "  ! incomplete: more spans may come, 2 spans lack a parent"


def test_trace_that_no_longer_matches_is_not_shown() -> None:
    assert not list(polled([summary("a")], [], [], []))


def test_trace_that_goes_out_of_sight_is_shown_nevertheless() -> None:
    old = [summary("a", late_s=1)]  # began before what is looked at
    assert list(polled(old, [], [], [])) == [(2, "a", 3, False)]
    cut = Found(BEGAN_NS, BEGAN_NS + SECOND_NS, [], complete=False)
    assert list(polled([summary("a")], cut, cut)) == [(2, "a", 3, False)]


def test_it_looks_back_for_late_spans_but_not_before_its_beginning() -> None:
    server = Server(*[[]] * (OVERLAP_S + 2), ["a"])
    shown(server, 1)
    seconds = BEGAN_NS // SECOND_NS
    starts = [int(one["start"].removesuffix(".000000000")) - seconds for one in server.asked[1:]]
    assert starts == [*[0] * (OVERLAP_S + 1), 1, 2, 3, 4]


def test_failure_while_following_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(Server(["a"], ["a"], 503, 503, ["b", "a"]), 2) == ["a", "b"]
    assert capsys.readouterr().err.count("trying again") == 1


def test_nobodys_patience_ends_while_the_server_is_away() -> None:
    away = [503] * (PATIENCE_S + 5)
    found = follow(api(Server(["a"], *away, ["a"])), "x", no_sleep)
    assert not next(found).growing


def test_failure_at_the_beginning_ends_it() -> None:
    def busy(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(503, json={"error": {"code": "busy", "message": "all in use"}})

    with pytest.raises(Failure, match="in use"):
        next(follow(api(busy), "x", no_sleep))


def test_memory_of_shown_traces_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "MOST_SEEN", 2)
    polls = [[summary(name)] for name in "aaabbbcccaaa"]
    assert [name for _, name, _, _ in polled(*polls)] == ["a", "b", "c", "a"]


def test_memory_of_waiting_traces_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "MOST_WAITING", 2)
    crowd = [summary(name) for name in "dcba"]
    assert list(polled(crowd)) == [(0, "a", 3, True), (0, "b", 3, True)]
