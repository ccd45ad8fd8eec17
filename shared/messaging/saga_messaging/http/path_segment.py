"""Ids that are a segment of a path."""

from typing import Annotated, Final, TypeAlias

from pydantic import StringConstraints
from saga_schemas.values import Identifier

_CHARACTER: Final = r"[^\x00-\x1f\x7f/]"
_FIRST: Final = r"[^\x00-\x1f\x7f/.]"

PathSegment: TypeAlias = Annotated[
    Identifier,
    StringConstraints(pattern=rf"^(?:\.{{0,2}}{_FIRST}{_CHARACTER}*|\.{{3}}{_CHARACTER}*)$"),
]
"""A printable id without `/`, and neither `.` nor `..`: clients remove those from a path."""
