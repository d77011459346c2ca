"""Traces of the API, a few fetched at once, in the order in which they were asked for.

What is fetched ahead is bounded: a trace of more than `MOST_AHEAD_BYTES` waits for its turn, and is
then passed on while it comes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from queue import Queue, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from clew.cli.client import Api

# The server gives out four traces at once; one is left to others.
IN_FLIGHT = 3
MOST_AHEAD_BYTES = 4 << 20
# Ids that are known ahead, about 100 bytes each.
MOST_COUNTED = 100_000

_T = TypeVar("_T")
_R = TypeVar("_R")
Body = Iterator[bytes] | None


class Counted(Generic[_T]):
    """Items, read ahead by a thread, so that their number is known before they are done with."""

    def __init__(self, items: Iterable[_T]) -> None:
        self._items = items
        self._read: Queue[_T | _End] = Queue(MOST_COUNTED)
        # None while there may be more.
        self.total: int | None = None

    def __iter__(self) -> Iterator[_T]:
        Thread(target=self._read_all, daemon=True).start()
        while not isinstance(item := self._read.get(), _End):
            yield item
        if item.error is not None:
            raise item.error

    def _read_all(self) -> None:
        number = 0
        try:
            for item in self._items:
                self._read.put(item)
                number += 1
        except BaseException as error:  # noqa: BLE001  # raised again where the next would come
            self._read.put(_End(error))
        else:
            self.total = number
            self._read.put(_End(None))


@dataclass(frozen=True)
class _End:
    error: BaseException | None


def fetched(
    client: Api, trace_ids: Iterable[str]
) -> Iterator[tuple[str, AbstractContextManager[Body]]]:
    """Each id and the pieces of its trace as OTLP JSON; None: no span is stored."""

    def fetch(trace_id: str) -> AbstractContextManager[Body]:
        path = f"/api/v1/traces/{trace_id}"
        pieces, size = [], 0
        with client.stream(path) as body:
            if body is None:
                return nullcontext(None)
            for piece in body:
                pieces.append(piece)
                size += len(piece)
                if size > MOST_AHEAD_BYTES:
                    return client.stream(path)
        return nullcontext(iter(pieces))

    yield from in_order(fetch, trace_ids, IN_FLIGHT)


def in_order(
    work: Callable[[_T], _R], items: Iterable[_T], threads: int
) -> Iterator[tuple[_T, _R]]:
    """Each item with its result; at most twice as many items as threads are begun ahead.

    What `work` raises is raised where its result would come. Nobody waits for work that is under
    way when the iterator is closed: an interrupted command ends at once.
    """
    begun: deque[tuple[_T, Future[_R]]] = deque()
    jobs: SimpleQueue[tuple[_T, Future[_R]] | None] = SimpleQueue()

    def run() -> None:
        while (job := jobs.get()) is not None:
            item, future = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work(item))
            except BaseException as error:  # noqa: BLE001  # raised again by `result`
                future.set_exception(error)

    for _ in range(threads):
        Thread(target=run, daemon=True).start()
    try:
        for item in items:
            begun.append((item, Future()))
            jobs.put(begun[-1])
            if len(begun) >= 2 * threads:
                item, future = begun.popleft()
                yield item, future.result()
        while begun:
            item, future = begun.popleft()
            yield item, future.result()
    finally:
        for _, future in begun:
            future.cancel()
        for _ in range(threads):
            jobs.put(None)
