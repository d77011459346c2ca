"""API keys as clients see them. A key's own text is only in the answer that made it."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from clew.admin.keys import LONGEST_NAME, LONGEST_S, MOST_SPANS_PER_SECOND
from clew.api.types import Model, Nanoseconds

Scope = Literal["ingest", "read", "admin"]


class Asked(Model):
    """A body; what it does not know is refused, or a typo would be overlooked."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _whole(given: Any) -> Any:
    """To JSON Schema 60.0 is an integer, as it is to JavaScript."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


WHOLE = BeforeValidator(_whole)


class CreateKey(Asked):
    """The key to make."""

    name: str = Field(
        min_length=1,
        max_length=LONGEST_NAME,
        description="What it is for; no other key that is not revoked has this name.",
        examples=["checkout"],
        json_schema_extra={"format": "key-name"},
    )
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=16)] = Field(
        description="What it may be used for: to send (ingest), to ask (read), to make keys "
        "(admin, which includes read)."
    )
    expires_in_seconds: Annotated[int, Field(ge=1, le=LONGEST_S), WHOLE] | None = Field(
        default=None, description="From now; never when left out."
    )
    spans_per_second: Annotated[int, Field(ge=1, le=MOST_SPANS_PER_SECOND), WHOLE] | None = Field(
        default=None, description="Most spans a second that are taken from its senders together."
    )


class RotateKey(Asked):
    """How to change over."""

    overlap_seconds: Annotated[int, Field(ge=0, le=LONGEST_S), WHOLE] = Field(
        description="For how long the text it has now still works."
    )


class RevokeKey(Asked):
    """Nothing more needs to be said."""


class SecretText(Model):
    """One text of a key: it has several while it is rotated."""

    prefix: str = Field(description="Its first characters.", examples=["kf_A1b2C"])
    created: Nanoseconds
    expires: Nanoseconds | None


class ApiKey(Model):
    """A key, without its text."""

    id: str = Field(pattern="^[0-9a-f]{32}$")
    name: str
    scopes: list[Scope]
    state: Literal["active", "expired", "revoked"]
    created: Nanoseconds
    expires: Nanoseconds | None
    revoked: Nanoseconds | None
    last_used: Nanoseconds | None = Field(description="Some 10 s behind.")
    spans_per_second: int | None
    texts: list[SecretText] = Field(description="In the order in which they were made.")


class KeysAnswer(Model):
    """All keys, revoked ones too, in the order in which they were made."""

    keys: list[ApiKey]


class NewKeyAnswer(Model):
    """A key and its text, which is told once."""

    api_key: ApiKey
    key: str = Field(description="The text; nobody can find it out again.")
