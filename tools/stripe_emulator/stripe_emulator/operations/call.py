"""The arguments of an operation: an authenticated request with validated parameters."""

from dataclasses import dataclass

from stripe_emulator.account.account import Account
from stripe_emulator.wire.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an operation.

    `ids` are the ids in the path, in order; `base_url` is the URL at which the caller reached the
    emulator, for links in responses.
    """

    account: Account
    ids: tuple[str, ...]
    parameters: Parameters
    base_url: str
