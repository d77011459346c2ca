"""The HTTP API: `app.create_app` is the table of its routes."""

from clew.api.access import Access
from clew.api.app import create_app
from clew.api.health import Status
from clew.api.hosts import LOOPBACK_HOSTS
from clew.api.protocol import Protocol

__all__ = ["LOOPBACK_HOSTS", "Access", "Protocol", "Status", "create_app"]
