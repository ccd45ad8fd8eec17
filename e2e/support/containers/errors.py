"""Errors of the tests in containers."""


class EngineUnavailable(Exception):
    """No Docker engine answers and none can be started; the tests are skipped for this reason."""
