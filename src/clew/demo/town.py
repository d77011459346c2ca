"""Everything around the shop that outlives one story: customers, clocks, and messages in topics."""

from __future__ import annotations

from random import Random
from uuid import UUID

from clew.demo.calls.queue import Message
from clew.demo.fleet import REGIONS, Fleet
from clew.demo.schedule import BANK_OUTAGE, CANARY, STAMPEDE
from clew.demo.story import Story

# Tenants by their share of the customers. They are trees, so that nobody is meant.
TENANTS = {"alder": 34, "birch": 26, "rowan": 16, "juniper": 12, "cedar": 7, "willow": 5}
SLOW_SEARCH = "willow"  # its index was never split into shards
WHOLESALE = "cedar"  # its carts are large

PAYMENT_METHODS = {"card": 54, "invoice": 10, "wallet": 30, "giftcard": 6}

# ISO 4217 keeps XTS for tests; one order in so many has it, and nobody downstream can read it.
POISON_CURRENCY = "XTS"
POISON_PROBABILITY = 0.02

BATCH_MESSAGES = 8
BATCH_AFTER_S = 10.0


class Town:
    """The state of the shop's world; the same `Random` and the same moments, the same world."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.fleet = Fleet(random)
        self.elapsed_s = 0.0
        self._mail: list[Message] = []
        self._mail_since_s = 0.0
        self._offsets: dict[str, int] = {}

    @property
    def stampede(self) -> bool:
        return STAMPEDE.holds(self.elapsed_s)

    @property
    def bank_outage(self) -> bool:
        return BANK_OUTAGE.holds(self.elapsed_s)

    @property
    def canary(self) -> bool:
        return CANARY.holds(self.elapsed_s)

    def visit(self) -> Story:
        """Somebody comes to the shop: from a region, as a customer of a tenant."""
        random = self.random
        (region,) = random.choices([*REGIONS], [share for share, _ in REGIONS.values()])
        (tenant,) = random.choices([*TENANTS], [*TENANTS.values()])
        return Story(random, self.fleet, region=region, tenant=tenant, canary=self.canary)

    def alone(self) -> Story:
        """Nobody comes; something happens by itself."""
        return Story(self.random, self.fleet, canary=self.canary)

    def offset(self, topic: str) -> int:
        """The next offset of a topic."""
        offset = self._offsets.get(topic, 48_211)
        self._offsets[topic] = offset + 1
        return offset

    def post(self, message: Message) -> None:
        """Something about which the customer wants a note."""
        if not self._mail:
            self._mail_since_s = self.elapsed_s
        self._mail.append(message)

    def collect(self) -> list[Message]:
        """What is polled out of the topic now: a batch that is full, or has waited long enough."""
        waited_s = self.elapsed_s - self._mail_since_s
        if len(self._mail) < BATCH_MESSAGES and not (self._mail and waited_s >= BATCH_AFTER_S):
            return []
        batch, self._mail = self._mail[:BATCH_MESSAGES], self._mail[BATCH_MESSAGES:]
        self._mail_since_s = self.elapsed_s
        return batch

    def order_id(self) -> str:
        return str(UUID(bytes=self.random.randbytes(16), version=4))
