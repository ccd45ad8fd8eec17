"""A running emulator for tests, on a free port in a thread of the same process."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from stripe_emulator.emulator import Emulator
from stripe_emulator.server import EmulatorServer, listen
from stripe_emulator.settings import Settings

_START_SECONDS = 10


@dataclass(frozen=True, slots=True)
class RunningEmulator:
    """A running emulator.

    Attributes:
        url: The base URL, for `STRIPE_API_BASE`.
        emulator: The emulator, whose state can be read between requests.
    """

    url: str
    emulator: Emulator


@contextmanager
def running_emulator(settings: Settings | None = None) -> Generator[RunningEmulator]:
    """Run an emulator with an empty account for the duration of the block.

    Raises:
        TimeoutError: If it does not start within 10 s.
    """
    server = EmulatorServer(settings, "warning")
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise TimeoutError("The Stripe emulator did not start.")
        time.sleep(0.005)
    try:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield RunningEmulator(url, server.emulator)
    finally:
        server.should_exit = True
        thread.join(_START_SECONDS)
        listener.close()
