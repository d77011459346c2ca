"""Minutes of the shop's life, with a fixed seed."""

from __future__ import annotations

from random import Random

import pytest

from clew.demo.journeys import Diary
from clew.demo.story import Span, Story
from clew.demo.town import Town

VISITS_A_SECOND = 20


def live(seed: int, begin_s: float, end_s: float) -> list[Story]:
    """The stories of a stretch of time."""
    diary = Diary(Town(Random(seed)))
    stories = []
    for step in range(round((end_s - begin_s) * VISITS_A_SECOND)):
        stories += diary.until(begin_s + step / VISITS_A_SECOND)
        stories.append(diary.visit())
    return stories


def spans_of(stories: list[Story]) -> list[Span]:
    return [span for story in stories for span in story.spans]


@pytest.fixture(scope="session")
def minute() -> list[Story]:
    """The first minute: jobs, and the cache stampede at its end."""
    return live(7, 0, 60)


@pytest.fixture(scope="session")
def outage() -> list[Story]:
    """While the bank does not answer."""
    return live(7, 70, 90)


@pytest.fixture(scope="session")
def release() -> list[Story]:
    """While the canary runs."""
    return live(7, 120, 180)
