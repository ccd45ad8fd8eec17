"""Entry point of `python -m stripe_emulator`, the same as the command `stripe-emulator`."""

from stripe_emulator.main import main

main()
