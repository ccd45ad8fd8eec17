"""The versions of the saga, for tests: nothing else in the tests names a version's number."""

from order_saga.create_order.timeouts import Timeouts
from order_saga.create_order.versions import definitions

ALL = definitions(Timeouts())
"""Every version, with the default time-outs."""

NEWEST = ALL.newest
"""The version that new orders start with."""

VERSIONS = ALL.by_version
"""The declarations by number, as `SqlSagas` takes them."""
