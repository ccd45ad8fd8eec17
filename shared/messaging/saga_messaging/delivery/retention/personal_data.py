"""The text that replaces personal data."""

from typing import Final

REMOVED: Final = "removed"
"""The value of a text column whose personal data was removed."""
