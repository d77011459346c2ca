"""What people and clocks do in the shop. Each journey is a function that plays on a story."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from clew.demo.journeys.browsing import browse, home, search
from clew.demo.journeys.buying import buy, fill_cart, view_cart
from clew.demo.journeys.jobs import recount, revenue
from clew.demo.journeys.parcels import notify
from clew.demo.schedule import RECOUNT, REPORT
from clew.demo.story import Broken, Story
from clew.demo.town import Town

# By how often people take them.
JOURNEYS: tuple[tuple[Callable[[Town, Story], None], int], ...] = (
    (home, 23),
    (browse, 33),
    (search, 16),
    (view_cart, 7),
    (fill_cart, 7),
    (buy, 14),
)


class Diary:
    """What happens in town, moment after moment."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self._report_s, self._recount_s = REPORT[0], RECOUNT[0]

    def until(self, elapsed_s: float) -> Iterator[Story]:
        """What clocks and queues brought about by now; finished stories."""
        town = self.town
        town.elapsed_s = elapsed_s
        if elapsed_s >= self._report_s:
            self._report_s += REPORT[1]
            yield _play(town, town.alone(), revenue)
        if elapsed_s >= self._recount_s:
            self._recount_s += RECOUNT[1]
            yield _play(town, town.alone(), recount)
        while batch := town.collect():
            story = town.alone()
            notify(town, story, batch)
            yield story

    def visit(self) -> Story:
        """A customer's story; finished."""
        journeys, weights = zip(*JOURNEYS, strict=True)
        journey = self.town.random.choices(journeys, weights)[0]
        return _play(self.town, self.town.visit(), journey)


def _play(town: Town, story: Story, journey: Callable[[Town, Story], None]) -> Story:
    try:
        journey(town, story)
    except Broken:
        pass  # it reached the customer; the spans show it
    return story
