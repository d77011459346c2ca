"""`clew tls`: certificates for development."""

from __future__ import annotations

import os
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clew.cli.output import Failure, note

if TYPE_CHECKING:
    from clew.cli.dev_cert import Pair

HOSTS = ("localhost", "127.0.0.1", "::1")

app = typer.Typer(
    name="tls", help="Certificates for development.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def tls() -> None:
    """Certificates for development."""


@app.command("dev-cert")
def dev_cert(
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where the files go.")
    ] = Path("clew-tls"),
    host: Annotated[
        list[str] | None,
        typer.Option(
            "--host",
            metavar="NAME",
            help="A name or address of the server, beside localhost; may be repeated.",
        ),
    ] = None,
    client: Annotated[
        bool, typer.Option("--client", help="Make a client certificate too, for --tls-client-ca.")
    ] = False,
    days: Annotated[
        int, typer.Option("--days", metavar="N", min=1, max=825, help="How long they are valid.")
    ] = 365,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> None:
    """Make an authority and a server certificate for development.

    Prints the lines that make an application and the clew commands trust it:
    eval "$(clew tls dev-cert)"
    """
    if find_spec("cryptography") is None:
        raise Failure(
            "making certificates needs the cryptography package; "
            "run pip install 'clew[server]', or make them with openssl"
        )
    from clew.cli.dev_cert import make

    folder = folder.expanduser().absolute()
    pairs = make([*HOSTS, *(host or [])], days, client=client)
    names = [name for pair in pairs for name in pair.names]
    there = [name for name in names if (folder / name).exists()]
    if there and not force:
        raise Failure(
            f"{folder} holds {', '.join(there)} already; choose another folder with --dir, "
            "or overwrite with --force"
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for pair in pairs:
            _write(folder, pair)
    except OSError as error:
        raise Failure(f"cannot write {error.filename}: {error.strerror}; choose a --dir") from None
    for line in lines(folder, client=client):
        print(line)
    note(f"for development only: who reads {folder / 'ca-key.pem'} can pose as any server")


def _write(folder: Path, pair: Pair) -> None:
    certificate, key = pair.names
    for name, content, mode in ((key, pair.key, 0o600), (certificate, pair.certificate, 0o644)):
        # Renamed into place: a server that looks at the files never sees half of one.
        new = folder / f".{name}.new"
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
        new.replace(folder / name)


def lines(folder: Path, *, client: bool) -> list[str]:
    """What to paste into a shell."""
    file = {name: shlex.quote(str(folder / f"{name}.pem")) for name in NAMES}
    serve = f"clew serve --tls-cert {file['server']} --tls-key {file['server-key']}"
    exports = [
        "OTEL_EXPORTER_OTLP_ENDPOINT=https://localhost:4318",
        f"OTEL_EXPORTER_OTLP_CERTIFICATE={file['ca']}",
    ]
    if client:
        serve += f" --tls-client-ca {file['ca']}"
        exports += [
            f"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE={file['client']}",
            f"OTEL_EXPORTER_OTLP_CLIENT_KEY={file['client-key']}",
        ]
    exports += ["CLEW_API=https://localhost:7070", f"CLEW_CA={file['ca']}"]
    return [
        f"# Start Clew with: {serve}",
        "# For applications (by grpc the port is 4317), and for the clew commands:",
        *(f"export {one}" for one in exports),
    ]


NAMES = ("ca", "server", "server-key", "client", "client-key")
