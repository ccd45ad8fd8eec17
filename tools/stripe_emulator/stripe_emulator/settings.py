"""What can be set."""

from dataclasses import dataclass, field

from stripe_emulator.clock import Clock


@dataclass(frozen=True, slots=True)
class Settings:
    """The emulator's settings.

    Attributes:
        clock: the one clock of the emulator; a test gives one that it moves.
        seed: makes the ids repeatable.
        request_log_size: how many requests `/_emulator/requests` keeps.
        dashboard_rows: how many rows the page gets at once and keeps of each table.
        dashboard_tick_seconds: how often an open page is sent what is new.
    """

    clock: Clock = field(default_factory=Clock)
    seed: int | None = None
    request_log_size: int = 1_000
    dashboard_rows: int = 500
    dashboard_tick_seconds: float = 0.25
