"""`clew`: the commands on one screen.

Command modules import at their top only what is cheap; clients, gRPC and the store are imported by
the command that runs, so that `clew --help` and `clew version` answer at once.
Exit status: 0 done, 1 failed, 2 wrong usage; as after signals, 130 interrupted, 141 nobody reads
the output any more, 143 terminated.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from clew.cli import (
    attributes,
    config,
    demo,
    export,
    import_,
    keys,
    ledger,
    operations,
    search,
    send,
    serve,
    services,
    status,
    tail,
    tls,
    trace,
    version,
    why,
)
from clew.cli.output import Failure

app = typer.Typer(
    name="clew",
    help="APM for OpenTelemetry traces that finds out why they are missing, broken or wrong.",
    epilog="Start with: clew serve, then in another terminal: clew trace $(clew send --wait)",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("serve")(serve.command)
app.command("send")(send.command)
app.command("trace")(trace.command)
app.command("search")(search.command)
app.command("tail")(tail.command)
app.command("services")(services.command)
app.command("operations")(operations.command)
app.command("attributes")(attributes.command)
app.command("ledger")(ledger.command)
app.command("why")(why.command)
app.command("import")(import_.command)
app.command("export")(export.command)
app.command("demo")(demo.command)
app.command("status")(status.command)
app.add_typer(config.app)
app.add_typer(keys.app)
app.add_typer(tls.app)
app.command("version")(version.command)


def _print_version(asked: bool) -> None:
    if asked:
        version.command()
        raise typer.Exit


@app.callback()
def clew(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    """APM for OpenTelemetry traces that finds out why they are missing, broken or wrong."""


def main() -> None:
    """The console script."""
    try:
        try:
            app(prog_name="clew")  # also as `python -m clew`
        except SystemExit as ended:
            # Not at the interpreter's end: there a failure has a status and words of its own.
            if isinstance(ended.__context__, BrokenPipeError):  # Typer's status for it is 1
                raise ended.__context__ from None
            sys.stdout.flush()
            raise
    except Failure as failure:
        print(f"clew: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        # What is left in the buffers goes nowhere, or the interpreter would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # The reader of a closed pipe (`clew trace ID | head`) has seen enough. A shell must be able
        # to tell that from a whole output, so it is told as by programs that die of SIGPIPE.
        if isinstance(error, BrokenPipeError):
            sys.exit(141)
        print(f"clew: cannot write the output: {error.strerror or error}", file=sys.stderr)
        sys.exit(1)
