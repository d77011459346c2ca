import socket

import pytest

from clew.control import Channel, encode


def test_messages_arrive_whole_however_they_are_cut() -> None:
    ours, theirs = socket.socketpair()
    channel = Channel(theirs.detach())
    sent = encode({"a": "ä" * 100}) + encode({"b": 2})
    for at in range(0, len(sent), 7):
        ours.sendall(sent[at : at + 7])
    assert channel.receive(1) == {"a": "ä" * 100}
    assert channel.receive(1) == {"b": 2}
    assert channel.receive(0.01) is None
    ours.close()
    with pytest.raises(EOFError):
        channel.receive(1)
    channel.close()
