"""Entry point of `python -m payment_service`."""

from payment_service.main import main

if __name__ == "__main__":
    main()
