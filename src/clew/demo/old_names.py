"""The attribute names that were replaced, by those that replaced them; plain renames only."""

from __future__ import annotations

OLD_NAMES = {
    "http.request.method": "http.method",
    "http.response.status_code": "http.status_code",
    "url.scheme": "http.scheme",
    "url.path": "http.target",
    "url.full": "http.url",
    "user_agent.original": "http.user_agent",
    "client.address": "http.client_ip",
    "network.protocol.version": "net.protocol.version",
    "network.peer.address": "net.sock.peer.addr",
    "server.address": "net.peer.name",
    "server.port": "net.peer.port",
    "db.system.name": "db.system",
    "db.namespace": "db.name",
    "db.operation.name": "db.operation",
    "db.collection.name": "db.sql.table",
    "db.query.text": "db.statement",
}
