"""Text from outside, made safe for a terminal.

A terminal obeys escape sequences (ECMA-48), and shows bidirectional controls (UAX #9) and invisible
characters as if they were not there. A customer's description could otherwise change what an
operator reads, the window's title, or the clipboard.
"""

import codecs
import unicodedata
from typing import Any, Final

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS: Final = frozenset("\u200c\u200d")
"""Part of Persian words and of emoji."""
_ASCII: Final = {"→": "->", "←": "<-"}
HANDLER: Final = "saga_visible"
"""The error handler of a stream whose encoding lacks characters: they are escapes."""


def visible(text: str) -> str:
    r"""Return the text with each control, format or unassigned character as an escape: `\x1b`."""
    if text.isprintable():
        return text
    return "".join(_escaped(char) if is_invisible(char) else char for char in text)


def visible_lines(text: str) -> str:
    """Return several lines, each with its invisible characters as escapes."""
    return "\n".join(map(visible, text.split("\n")))


def visible_json(value: Any) -> Any:
    """Return a JSON value with every text in it made visible."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, list):
        return [visible_json(item) for item in value]
    if isinstance(value, dict):
        return {visible(key): visible_json(item) for key, item in value.items()}
    return value


def is_invisible(char: str) -> bool:
    """Return True for a character that a terminal may act on, or that cannot be seen."""
    return char not in _JOINERS and unicodedata.category(char) in _INVISIBLE


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _escape_missing(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(_ASCII.get(char) or _escaped(char) for char in missing), error.end


codecs.register_error(HANDLER, _escape_missing)
