"""The command `stripe-emulator`."""

import gc
import logging
import signal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from stripe_emulator.faults.scenario import load_scenario
from stripe_emulator.journal.journal import UnusableJournal
from stripe_emulator.operations import webhook_endpoints
from stripe_emulator.server import EmulatorServer, listen
from stripe_emulator.settings import Settings
from stripe_emulator.webhook_settings import WebhookSettings

_log = logging.getLogger("uvicorn.error")
_QUICK_COLLECTIONS = (50_000, 20, 1_000)

app = typer.Typer(add_completion=False)


class LogLevel(StrEnum):
    """How much the server's own log tells."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


@app.command()
def serve(  # noqa: PLR0913, PLR0917  # each is an option of the command
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.", max=65_535)] = 12111,
    host: Annotated[str, typer.Option(help="A loopback address.")] = "127.0.0.1",
    beyond_loopback: Annotated[
        bool,
        typer.Option("--beyond-loopback", help="Lets --host be any address, as in a container."),
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Makes the ids repeatable.")] = None,
    request_log_size: Annotated[
        int, typer.Option(help="How many requests are kept.", min=1)
    ] = 1_000,
    journal: Annotated[
        Path | None, typer.Option(help="Keeps the account in this file, across kill -9 too.")
    ] = None,
    scenario: Annotated[Path | None, typer.Option(help="A file of faults to begin with.")] = None,
    webhook_url: Annotated[
        str | None, typer.Option(help="Gets every event, as with `stripe listen --forward-to`.")
    ] = None,
    webhook_secret: Annotated[
        str | None, typer.Option(help="Signs what --webhook-url gets: whsec_…")
    ] = None,
    webhook_secret_file: Annotated[
        Path | None, typer.Option(help="Holds that secret, so that no list of processes shows it.")
    ] = None,
    webhook_host: Annotated[
        list[str] | None,
        typer.Option(help="A host beyond loopback that webhooks may go to; may be repeated."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A name beside loopback's that the emulator is reached by; repeatable."),
    ] = None,
    log_level: Annotated[
        LogLevel, typer.Option(envvar="LOG_LEVEL", case_sensitive=False)
    ] = LogLevel.INFO,
) -> None:
    """Stripe's test mode on loopback, in memory, until SIGTERM or Ctrl-C."""
    gc.set_threshold(*_QUICK_COLLECTIONS)  # the objects stay: looking at them again finds nothing
    try:
        if webhook_secret_file:
            webhook_secret = webhook_secret_file.read_text().strip()
        settings = Settings(
            seed=seed,
            request_log_size=request_log_size,
            journal=journal,
            hosts=frozenset(allow_host or ()),
            scenario=load_scenario(scenario) if scenario else None,
            webhooks=WebhookSettings(
                url=webhook_url, secret=webhook_secret, hosts=frozenset(webhook_host or ())
            ),
        )
        server = EmulatorServer(settings, log_level)
        listener = listen(host, port, beyond_loopback=beyond_loopback)
    except (ValueError, OSError, UnusableJournal) as error:
        raise typer.BadParameter(str(error)) from None
    signal.signal(signal.SIGTERM, _leave)
    shown = f"[{host}]" if ":" in host else host
    _log.info("Stripe emulator on http://%s:%d", shown, listener.getsockname()[1])
    forwarding = webhook_endpoints.forwarding(server.emulator.account)
    if forwarding is not None:
        secret = (
            f"the secret of {webhook_secret_file}" if webhook_secret_file else forwarding.secret
        )
        _log.info("Events go to %s, signed with %s", forwarding.url, secret)
    server.run(sockets=[listener])


def _leave(*_: object) -> NoReturn:
    raise SystemExit(0)


def main() -> None:
    """Run the command."""
    app()
