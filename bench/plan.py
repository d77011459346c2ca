"""How much each scenario does: the full size, and a quick one to see that nothing broke."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Size:
    name: str
    durable_s: int
    small_s: int
    sustained_s: int
    gzip_pool_mib: int
    lookups: int
    searches: int
    questions: int
    millions: tuple[int, ...]
    probes: int
    kill_rounds: int
    outage_s: int
    door_s: int


FULL = Size("full", 30, 20, 125, 512, 300, 100, 40, (1, 10), 30, 100, 120, 8)
QUICK = Size("quick", 8, 6, 15, 128, 60, 30, 5, (1,), 8, 12, 10, 3)

CONNECTIONS = 64
SUSTAINED_RATE = 80_000
BACKGROUND_RATE = 20_000


@dataclass(frozen=True)
class Bench:
    """What every scenario is given."""

    size: Size
    clew: list[str]
    load: Path
    folder: Path
