"""Text from outside, safe for a terminal: what would act on the terminal is shown instead."""

import codecs
import unicodedata
from typing import Any, Final

# Control, format (bidirectional marks, zero width) and separator characters, and half surrogates.
ACTIVE: Final = {"Cc", "Cf", "Cs", "Zl", "Zp"}
ALLOWED: Final = frozenset("\n\t\u200c\u200d")
"""Line breaks, tabs, and the joiners that Persian words and emoji need."""
ASCII: Final = {"→": "->", "←": "<-", "…": "...", "✓": "ok", "✗": "x"}
HANDLER: Final = "saga_visible"


def visible(text: str) -> str:
    r"""Return the text with each character that acts on a terminal as its escape, such as `\x1b`.

    Covers escape sequences, carriage returns, bidirectional overrides and invisible characters.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(character) if is_active(character) else character for character in text)


def is_active(character: str) -> bool:
    """Return True for a character that a terminal may act on, or that cannot be seen."""
    return character not in ALLOWED and unicodedata.category(character) in ACTIVE


def visible_json(value: Any) -> Any:
    """Return parsed JSON with every string, names included, made visible."""
    match value:
        case str():
            return visible(value)
        case dict():
            return {visible(name): visible_json(each) for name, each in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case list():
            return [visible_json(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return value


def replace_unencodable(error: UnicodeError) -> tuple[str, int]:
    """Handle characters that a terminal's encoding lacks: arrows in ASCII, others as escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(ASCII.get(character) or _escape(character) for character in missing), error.end


def _escape(character: str) -> str:
    if character.isascii():
        return f"\\x{ord(character):02x}"
    return character.encode("ascii", "backslashreplace").decode()


codecs.register_error(HANDLER, replace_unencodable)
