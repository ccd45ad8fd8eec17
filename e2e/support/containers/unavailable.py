"""Why these tests cannot run here."""


class Unavailable(Exception):
    """No Docker engine can be had; the tests are skipped, with this as the reason."""
