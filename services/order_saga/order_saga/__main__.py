"""Entry point of `python -m order_saga`."""

from order_saga.main import main

main()
