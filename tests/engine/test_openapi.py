"""The OpenAPI document: valid, complete, and true, which schemathesis tries to disprove.

`CLEW_THOROUGH=1` tries many times as much.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events

from tests import build
from tests.engine.api import app, status
from tests.engine.conftest import FilledStore
from tests.thorough import THOROUGH

__all__ = ["app", "status"]

CONFIG = {
    "seed": 1,
    "generation": {"max-examples": 100 if THOROUGH else 1, "deterministic": not THOROUGH},
    # Words of our source instead of what a format allows would be refused, and rightly.
    "analysis": {"constants": {"enabled": False}},
    # Nothing that one request makes is used by another.
    "phases": {"stateful": {"enabled": False}},
    "operations": [
        {
            "include-operation-id": "searchTraces",
            # No schema can say that a cursor belongs to its query.
            "checks": {"positive_data_acceptance": {"enabled": False}},
        },
        # They start processes; tests/flow/test_arrival.py does.
        {"include-operation-id": "sendTestTrace", "enabled": False},
        {"include-operation-id": "switchDemo", "enabled": False},
        {
            "include-operation-id": "getWhy",
            # No schema can say what names a trace.
            "checks": {"positive_data_acceptance": {"enabled": False}},
        },
    ],
}
QUERIES = (
    "",
    "{ }",
    "service.name = shop",
    "{ status = error } || { kind = server }",
    "duration > 1ms",
)
# One moment in all forms: no end is before a start.
TIMES = ("1795348800", "1795348800000", "2026-11-22T12:00:00Z", "2026-11-22T13:00:00.0+01:00")
# No pattern of JSON Schema says which characters can be printed; these can.
KEY_NAME = r"[!-~äß界]([ -~äß界]{0,98}[!-~äß界])?"


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


@pytest.mark.embedded_only("the document does not depend on the engine")
def test_document_is_valid_and_describes_everything(app: FastAPI) -> None:
    document = app.openapi()
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    names = [operation["operationId"] for operation in operations(document)]
    assert len(names) == len(set(names))
    assert "ErrorAnswer" in document["info"]["description"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for responses in (operation["responses"] for operation in methods.values()):
            assert "422" not in responses
            if path.startswith("/api/"):
                schema = responses["4XX"]["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}
    for operation in operations(document):
        assert re.fullmatch(r"[a-z][A-Za-z]+", operation["operationId"])
        assert operation["description"]
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (operation["operationId"], parameter["name"])
        content = operation["responses"]["200"]["content"]
        assert all(answer["schema"] for answer in content.values()), operation["operationId"]
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name


@pytest.mark.timeout(600 if THOROUGH else 60)
@pytest.mark.embedded_only("the answers of both engines are compared elsewhere")
def test_answers_keep_what_the_document_promises(store: FilledStore, app: FastAPI) -> None:
    child = build.span("GET /", span_id=2, parent=1, error=True, attrs={"n": 5, "list": [1]})
    child.events.add().name = "exception"
    store.take(build.request(build.span(attrs={"http.route": "/"}), child))
    schemathesis.openapi.format("traceql", st.sampled_from(QUERIES))
    schemathesis.openapi.format("clew-time", st.sampled_from(TIMES))
    schemathesis.openapi.format("key-name", st.from_regex(KEY_NAME, fullmatch=True))
    config = SchemathesisConfig.from_dict(CONFIG)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    failures, checked = [], 0
    for event in engine.from_schema(schema).execute():
        assert not isinstance(event, events.NonFatalError | events.FatalError), event
        if not isinstance(event, events.ScenarioFinished):
            continue
        for case_id, checks in event.recorder.checks.items():
            case = event.recorder.cases[case_id].value
            checked += len(checks)
            failures += [
                f"{case.method} {case.formatted_path} {case.query} {case.body!r}: "
                f"{check.failure_info.failure}"
                for check in checks
                if check.failure_info is not None
            ]
    assert failures == []
    assert checked > 1000


@pytest.mark.embedded_only("the document does not depend on the engine")
def test_reference_page_names_every_path(app: FastAPI) -> None:
    page = Path(__file__).parents[2].joinpath("docs/reference/api.md").read_text()
    for path in app.openapi()["paths"]:
        assert f"`{path}`" in page, path
