"""Text from outside, as it can be stored and sent."""


def storable(text: str) -> str:
    """Return the text with U+FFFD for each NUL, and with `?` for each lone surrogate.

    PostgreSQL stores no NUL, and UTF-8 has no lone surrogates, although JSON can have them.
    """
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def text_of(found: object) -> str | None:
    """Return a value of outside as storable text; None if it is not text."""
    return storable(found) if isinstance(found, str) else None
