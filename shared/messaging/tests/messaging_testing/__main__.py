"""Entry point of `python -m messaging_testing [migrate]`."""

from saga_messaging.process.command import run_service
from saga_messaging.process.server import serve

from messaging_testing.service import ParticipantSettings, build

run_service(
    "messaging_testing",
    ParticipantSettings,
    lambda settings: serve(build(settings), settings),
)
