"""The tables of DATA/admin.sqlite. Times are whole seconds since 1970; NULL: never, or no limit."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

# Of `PRAGMA user_version`. A later version changes the tables when it opens an older file.
SCHEMA = 1

metadata = MetaData()

keys = Table(
    "keys",
    metadata,
    Column("id", LargeBinary, CheckConstraint("length(id) = 16"), primary_key=True),
    Column("name", Text, nullable=False),
    Column("scopes", Integer, nullable=False),
    Column("created", Integer, nullable=False),
    Column("expires", Integer),
    Column("revoked", Integer),
    Column("spans_per_second", Integer),
    Column("last_used", Integer),
)
# A name that is free again may be given to another key.
Index("live_names", keys.c.name, unique=True, sqlite_where=keys.c.revoked.is_(None))

# A key has one, and while it is rotated two.
secrets = Table(
    "secrets",
    metadata,
    Column("hash", LargeBinary, CheckConstraint("length(hash) = 32"), primary_key=True),
    Column("key_id", LargeBinary, ForeignKey("keys.id"), nullable=False, index=True),
    Column("prefix", Text, nullable=False),
    Column("created", Integer, nullable=False),
    Column("expires", Integer),
    Column("revoked", Integer),
)
