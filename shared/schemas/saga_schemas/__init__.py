"""Messages, topics and keys: the contract between the services.

Start with `topics`, which lists each topic and its messages.
"""

from saga_schemas.codec import InvalidMessage, decode, encode
from saga_schemas.envelope import Envelope

__all__ = ["Envelope", "InvalidMessage", "decode", "encode"]
