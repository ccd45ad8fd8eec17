"""The command `stripe-emulator`."""

import gc
import logging
import signal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from stripe_emulator.bounds import EmulatorBounds
from stripe_emulator.faults.scenario import load_scenario
from stripe_emulator.journal.journal import UnusableJournal
from stripe_emulator.operations import webhook_endpoints
from stripe_emulator.server import EmulatorServer, listen
from stripe_emulator.settings import Settings, WebhookSettings

_log = logging.getLogger("uvicorn.error")
_QUICK_COLLECTIONS = (50_000, 20, 1_000)

app = typer.Typer(add_completion=False)


class LogLevel(StrEnum):
    """The levels of the server's log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


@app.command()
def serve(  # noqa: PLR0913, PLR0917  # one parameter per option
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", max=65_535)] = 12111,
    host: Annotated[str, typer.Option(help="Loopback address to listen on.")] = "127.0.0.1",
    beyond_loopback: Annotated[
        bool,
        typer.Option("--beyond-loopback", help="Allow any --host, as in a container."),
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Seed of the ids and faults.")] = None,
    request_log_size: Annotated[
        int,
        typer.Option(help="Number of requests to keep.", min=1, envvar="EMULATOR_REQUEST_LOG_SIZE"),
    ] = 1_000,
    journal: Annotated[
        Path | None, typer.Option(help="Keep the account in this file, across kill -9 too.")
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option(help="TOML file of faults to start with.")
    ] = None,
    webhook_url: Annotated[
        str | None,
        typer.Option(help="Receives every event, as with `stripe listen --forward-to`."),
    ] = None,
    webhook_secret: Annotated[
        str | None, typer.Option(help="Signing secret for --webhook-url: whsec_…")
    ] = None,
    webhook_secret_file: Annotated[
        Path | None,
        typer.Option(help="File with that secret, hidden from process lists."),
    ] = None,
    webhook_host: Annotated[
        list[str] | None,
        typer.Option(help="Host beyond loopback that webhooks may contact; repeatable."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="Host name of the emulator besides loopback's; repeatable."),
    ] = None,
    log_level: Annotated[
        LogLevel, typer.Option(envvar="LOG_LEVEL", case_sensitive=False)
    ] = LogLevel.INFO,
) -> None:
    """Run Stripe's test mode on loopback, in memory, until SIGTERM or Ctrl-C."""
    gc.set_threshold(*_QUICK_COLLECTIONS)  # most objects are kept
    try:
        if webhook_secret_file:
            webhook_secret = webhook_secret_file.read_text().strip()
        settings = Settings(
            seed=seed,
            bounds=EmulatorBounds(request_log_size=request_log_size),
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
    signal.signal(signal.SIGTERM, _exit)
    _log_start(server, host, listener.getsockname()[1], webhook_secret_file)
    server.run(sockets=[listener])


def _log_start(server: EmulatorServer, host: str, port: int, secret_file: Path | None) -> None:
    _log.info("emulator_listening url=http://%s:%d", f"[{host}]" if ":" in host else host, port)
    forwarding = webhook_endpoints.forwarding_endpoint(server.emulator.account)
    if forwarding is not None:
        secret = f"file:{secret_file}" if secret_file else forwarding.secret
        _log.info("webhook_forwarding url=%s secret=%s", forwarding.url, secret)


def _exit(*_: object) -> NoReturn:
    raise SystemExit(0)


def main() -> None:
    """Run the command."""
    app()
