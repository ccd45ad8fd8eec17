"""Every message of the saga, its topic and its key: the contract between the services.

`topics` is the contents page: each topic, and the messages that travel on it.
"""

from saga_schemas.codec import InvalidMessage, decode, encode
from saga_schemas.envelope import Envelope

__all__ = ["Envelope", "InvalidMessage", "decode", "encode"]
