"""Live updates of an open dashboard, as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict

from fastapi.sse import format_sse_event

from stripe_emulator.account.movements import totals
from stripe_emulator.emulator import Emulator
from stripe_emulator.objects.currencies import decimals
from stripe_emulator.settings import Settings
from stripe_emulator.wire.json import JsonObject, encode

_RETRY_MILLISECONDS = 1_000
_PAUSE_FACTOR = 20  # sums are computed again after 20 times their duration


class LiveFeed:
    """The update streams of open pages, without a queue for slow ones.

    A stream holds a cursor into the request log and polls it at every tick, so that its memory is
    bounded by the log. It ends when the server is about to stop.

    Args:
        emulator: The emulator.
        settings: The interval of updates and the maximum number of rows.
        is_stopping: Returns True when the server is about to stop.
    """

    def __init__(
        self, emulator: Emulator, settings: Settings, is_stopping: Callable[[], bool]
    ) -> None:
        self._emulator = emulator
        self._settings = settings
        self._is_stopping = is_stopping
        self._totals: JsonObject = {}
        self._totals_due = 0.0

    async def events(self, cursor: str | None) -> AsyncIterator[bytes]:
        """Yield every request after the cursor once, and the state whenever it changes.

        The id of a `requests` event is the cursor to continue with.
        """
        shown: JsonObject | None = None
        while not self._is_stopping():
            update = self._emulator.log.after(cursor, self._settings.bounds.dashboard_rows)
            if update.fresh or update.entries:
                cursor = update.cursor
                rows = [entry.summary() for entry in update.entries]
                data: JsonObject = {"fresh": update.fresh, "missed": update.missed, "rows": rows}
                yield _event("requests", data, cursor)
            state = self._state()
            if state != shown:
                shown = state
                yield _event("state", state)
            await asyncio.sleep(self._settings.bounds.dashboard_tick_seconds)

    def _state(self) -> JsonObject:
        account = self._emulator.account
        return {
            "now": account.clock.now(),
            "rows": self._settings.bounds.dashboard_rows,
            "payments": len(account.payment_intents),
            "charges": len(account.charges),
            "faults": [fault.as_json() for fault in self._emulator.faults.armed],
            "totals": self._read_totals(),
        }

    def _read_totals(self) -> JsonObject:
        started = time.monotonic()
        if started >= self._totals_due:
            sums = totals(self._emulator.account)
            self._totals = {
                currency: {"decimals": decimals(currency), "sums": asdict(sums[currency])}
                for currency in sorted(sums)
            }
            ended = time.monotonic()
            self._totals_due = ended + _PAUSE_FACTOR * (ended - started)
        return self._totals


def _event(name: str, data: JsonObject, cursor: str | None = None) -> bytes:
    text = encode(data).decode()
    return format_sse_event(event=name, data_str=text, id=cursor, retry=_RETRY_MILLISECONDS)
