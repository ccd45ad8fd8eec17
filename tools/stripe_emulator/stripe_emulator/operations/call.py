"""What an operation is given: one authenticated request, its parameters read."""

from dataclasses import dataclass

from stripe_emulator.account.account import Account
from stripe_emulator.wire.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an operation.

    `ids` are those in the path, in order; `origin` is the address that the caller reached the
    emulator at, for links in answers.
    """

    account: Account
    ids: tuple[str, ...]
    parameters: Parameters
    origin: str
