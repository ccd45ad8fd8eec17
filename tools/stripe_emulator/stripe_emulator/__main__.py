"""`python -m stripe_emulator` is the same as the command `stripe-emulator`."""

from stripe_emulator.main import main

main()
