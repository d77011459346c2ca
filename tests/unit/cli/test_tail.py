"""Following: what is asked for, and that each trace is shown once."""

from itertools import islice
from typing import Any

import httpx2
import pytest

from clew.cli import tail
from clew.cli.output import Failure
from clew.cli.tail import OVERLAP_S, follow
from tests.unit.cli.test_client import api
from tests.unit.cli.test_search import trace

BEGAN_NS = 1_795_348_800_000_000_000


class Server:
    """Answers with the next list of trace ids each time; its clock goes on by 20 s."""

    def __init__(self, *answers: list[str] | int) -> None:
        self.answers = [[], *answers]
        self.asked: list[dict[str, str]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        number = len(self.asked)
        self.asked.append(dict(request.url.params))
        answer = self.answers[number]
        if isinstance(answer, int):
            error = {"code": "busy", "message": "All connections were in use."}
            return httpx2.Response(answer, json={"error": error})
        end_ns = BEGAN_NS + number * 20 * 10**9
        body: dict[str, Any] = {
            "traces": [{**trace(BEGAN_NS), "traceId": one} for one in answer],
            "nextCursor": None,
            "covered": {"endTimeUnixNano": str(end_ns)},
        }
        return httpx2.Response(200, json=body)


def no_sleep(seconds: float) -> None:
    pass


def shown(server: Server, count: int) -> list[str]:
    return [one["traceId"] for one in islice(follow(api(server), "x", no_sleep), count)]


def test_each_trace_is_shown_once_the_oldest_first() -> None:
    assert shown(Server(["b", "a"], ["c", "b", "a"], ["d", "b"]), 4) == ["a", "b", "c", "d"]


def test_it_looks_back_for_late_spans_but_not_before_its_beginning() -> None:
    server = Server(["a"], ["b"], ["c"])
    shown(server, 3)
    seconds = BEGAN_NS // 10**9
    starts = [one["start"].removesuffix(".000000000") for one in server.asked[1:]]
    assert starts == [str(seconds), str(seconds), str(seconds + 40 - OVERLAP_S)]


def test_failure_while_following_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(Server(["a"], 503, 503, ["b"]), 2) == ["a", "b"]
    assert capsys.readouterr().err.count("trying again") == 1


def test_failure_at_the_beginning_ends_it() -> None:
    server = Server()
    server.answers = [503]
    with pytest.raises(Failure, match="in use"):
        shown(server, 1)


def test_memory_of_shown_traces_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "MOST_SEEN", 2)
    assert shown(Server(["a"], ["b"], ["c"], ["a"]), 4) == ["a", "b", "c", "a"]
