"""Every failure → one shape: `{"error": {"code", "message", "hint", "position"}}`.

Inner packages raise words of their own domain; this is the only place that knows status codes.
A hint or position that does not apply is left out.
"""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from clew.api.types import ErrorAnswer, ErrorDetail
from clew.headers import SAFE
from clew.query import QueryError, StoreError

RETRY_SECONDS = 2
_ROWS = 396  # the engine's number for an answer of too many rows

_ROUTES = "GET /openapi.json lists what this server answers."
_PARAMETERS = "GET /openapi.json describes the parameters."


class ApiError(Exception):
    """A request that cannot be answered, for a reason only the API knows."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str | None = None,
        *,
        retry: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.detail = ErrorDetail(code=code, message=message, hint=hint)
        self.headers = {"Retry-After": str(RETRY_SECONDS)} if retry else {}


def invalid(parameter: str, message: str, hint: str | None = None) -> ApiError:
    """A parameter whose value makes no sense."""
    return ApiError(400, "invalid_argument", f"{parameter}: {message}.", hint)


async def known_parameters(request: Request) -> None:
    """A dependency: a parameter that would be overlooked is refused, or a typo finds everything."""
    known = sorted(field.alias for field in request.scope["route"].dependant.query_params)
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            listed = f"Parameters are: {', '.join(known)}." if known else "There are none here."
            raise invalid(f"{name[:100]!r}", "there is no such parameter", listed)
        if given.count(name) > 1:
            raise invalid(name, f"it is given {given.count(name)} times", "Give it once.")


def install(app: FastAPI) -> None:
    """Make the application answer every failure in the one shape."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(QueryError, _query_error)
    app.add_exception_handler(StoreError, _store_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _internal_error)


def answer(status: int, detail: ErrorDetail, headers: Mapping[str, str] | None = None) -> Response:
    """A response in the one shape."""
    body = ErrorAnswer(error=detail).model_dump_json(by_alias=True, exclude_none=True)
    return Response(body, status, headers, "application/json")


def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return answer(error.status, error.detail, error.headers)


def _query_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, QueryError)
    detail = ErrorDetail(
        code="invalid_query", message=str(error), hint=error.hint, position=error.position
    )
    return answer(400, detail)


def _store_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreError)
    if error.timeout:
        code, message = "query_timeout", "The store did not answer within the time for one query."
        hint = "Ask for a shorter range of time."
        return answer(504, ErrorDetail(code=code, message=message, hint=hint))
    if error.code == _ROWS:
        code, message = (
            "answer_too_large",
            "The answer has more rows than the store gives out at once.",
        )
        return answer(422, ErrorDetail(code=code, message=message, hint="Ask for less."))
    if error.transient:
        code, message = "unavailable", "The store has no room for this query now."
        hint = "Try again in a few seconds, or ask for a shorter range of time."
        retry = {"Retry-After": str(RETRY_SECONDS)}
        return answer(503, ErrorDetail(code=code, message=message, hint=hint), retry)
    # Not a state of the store but a fault in Clew: raised, so that the server logs its trace.
    raise error


def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    given, bounds = f"{first.get('input')!r:.100}", first.get("ctx", {})
    match first["type"]:
        case "greater_than_equal":
            said = f"{given} is less than {bounds['ge']}"
        case "less_than_equal":
            said = f"{given} is more than {bounds['le']}"
        case "int_parsing" | "int_parsing_size":
            said = f"{given} is not a whole number"
        case "missing":
            hint = f"Give it: ?{where}=…; {_PARAMETERS}"
            return _api_error(request, invalid(where, "the parameter is missing", hint))
        case _:
            said = f"{first['msg']}, but it is {given}"
    return _api_error(request, invalid(where, said, _PARAMETERS))


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 404:
        detail = ErrorDetail(code="not_found", message=f"There is nothing at {path}.", hint=_ROUTES)
    elif error.status_code == 405:
        message = f"{request.method} is not possible at {path}."
        detail = ErrorDetail(code="method_not_allowed", message=message, hint=_ROUTES)
        return answer(405, detail, {"Allow": ", ".join(sorted(_methods(request)))})
    else:
        detail = ErrorDetail(code="bad_request", message=str(error.detail))
    return answer(error.status_code, detail, error.headers)


def _methods(request: Request) -> set[str]:
    # The framework names only those of the first route at this path.
    routes = [one for one in request.app.routes if one.matches(request.scope)[0] != Match.NONE]
    return {method for one in routes for method in getattr(one, "methods", None) or ()}


def _internal_error(request: Request, error: Exception) -> Response:
    message = "Something went wrong in Clew."
    hint = "The log of the store process has the details; please report them."
    # Made outside of all middleware, so nobody else adds them.
    return answer(500, ErrorDetail(code="internal", message=message, hint=hint), SAFE)
