"""The version of the Stripe API whose objects the emulator returns."""

from typing import Final

API_VERSION: Final = "2026-08-26.dahlia"
