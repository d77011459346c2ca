"""`clew services`"""

from __future__ import annotations

import sys

from clew.cli.options import DEFAULT_API, ApiAddress, ApiKey, Ca, Json
from clew.cli.output import Column, Screen, note, table, write_document
from clew.cli.search import End, Since, Start, time_range

HEADER = (
    Column("SERVICE", gives_way=True),
    Column("SPANS", right=True),
    Column("ERRORS", right=True),
)


def command(
    since: Since = None,
    start: Start = None,
    end: End = None,
    api: ApiAddress = DEFAULT_API,
    api_key: ApiKey = None,
    ca: Ca = None,
    json: Json = False,
) -> None:
    """List the services that have sent spans.

    In the last hour, unless told otherwise.
    """
    parameters = time_range(since, start, end)
    from clew.cli.client import ask

    answer = ask(api, "/api/v1/services", parameters)
    if json:
        write_document(answer)
        return
    found = answer["services"]
    if not found:
        note("no service has sent spans in that time; send some with clew send")
        return
    table(
        Screen.of(sys.stdout),
        HEADER,
        [
            [service["name"], str(service["spanCount"]), str(service["errorCount"] or "-")]
            for service in found
        ],
    )
