"""Kafka: sending, processing one message in the sender's trace, and batches that only link back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from clew.demo.service import Service, Value
from clew.demo.story import Kind, Link, Span, Story

PARTITIONS = 6


@dataclass(frozen=True, eq=False)
class Message:
    """A message on its way: who sent it, and what is in it as far as the story cares."""

    sender: Span
    id: str
    partition: str
    offset: int
    bytes: int
    order_id: str
    currency: str


def send(
    story: Story,
    service: Service,
    topic: str,
    offset: int,
    *,
    order_id: str,
    currency: str,
) -> Message:
    """A message into a topic."""
    random = story.random
    partition = str(random.randrange(PARTITIONS))
    message_id = str(UUID(bytes=random.randbytes(16), version=4))
    size = random.randrange(300, 2000)
    attributes = _attributes("send", topic, partition)
    attributes |= {
        "messaging.kafka.offset": offset,
        "messaging.message.id": message_id,
        "messaging.message.body.size": size,
        "messaging.kafka.message.key": order_id,
    }
    with story.span(service, "queue", Kind.PRODUCER, f"send {topic}", attributes) as span:
        story.wait(1.2)
    return Message(span, message_id, partition, offset, size, order_id, currency)


@contextmanager
def process(
    story: Story, service: Service, topic: str, group: str, message: Message
) -> Iterator[Span]:
    """One message out of the topic, within whatever is open; linked to the span that sent it."""
    attributes = _attributes("process", topic, message.partition)
    attributes |= {
        "messaging.kafka.offset": message.offset,
        "messaging.message.id": message.id,
        "messaging.message.body.size": message.bytes,
        "messaging.consumer.group.name": group,
    }
    with story.span(service, "queue", Kind.CONSUMER, f"process {topic}", attributes) as span:
        span.links.append(_link(message))
        yield span


@contextmanager
def poll(
    story: Story, service: Service, topic: str, group: str, messages: list[Message]
) -> Iterator[Span]:
    """A batch out of the topic, with a link to each span that sent one of its messages."""
    attributes = _attributes("poll", topic, "")
    attributes |= {
        "messaging.consumer.group.name": group,
        "messaging.batch.message_count": len(messages),
        "app.partitions": tuple(sorted({int(message.partition) for message in messages})),
    }
    with story.span(service, "queue", Kind.CONSUMER, f"poll {topic}", attributes) as span:
        span.links.extend(_link(message) for message in messages)
        yield span


def _link(message: Message) -> Link:
    return Link(
        message.sender.trace_id,
        message.sender.span_id,
        {"messaging.message.id": message.id, "messaging.kafka.offset": message.offset},
    )


def _attributes(operation: str, topic: str, partition: str) -> dict[str, Value]:
    attributes: dict[str, Value] = {
        "messaging.system": "kafka",
        "messaging.operation.name": operation,
        "messaging.operation.type": "receive" if operation == "poll" else operation,
        "messaging.destination.name": topic,
        "server.address": "kafka-0.kafka",
        "server.port": 9092,
    }
    if partition:
        attributes["messaging.destination.partition.id"] = partition
    return attributes
