"""`python -m messaging_testing [migrate]`."""

from saga_messaging import runtime
from saga_messaging.command import run_service

from messaging_testing.service import ParticipantSettings, build

run_service(
    "messaging_testing",
    ParticipantSettings,
    lambda settings: runtime.serve(build(settings), settings),
)
