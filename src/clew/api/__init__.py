"""The HTTP API: `app.create_app` is the table of its routes."""

from clew.api.app import create_app
from clew.api.health import Status

__all__ = ["Status", "create_app"]
