"""How moments, spans of time and failures read inside of a sentence."""

from datetime import UTC, datetime, timedelta

from saga_schemas.values import Failure


def told(reason: Failure) -> str:
    """What happened and what cures it, as a part of a sentence."""
    cure = f" ({inside(reason.cure)})" if reason.cure else ""
    code = reason.decline_code or reason.code
    return f"{inside(reason.message)} [{code}]{cure}"


def inside(text: str) -> str:
    """A sentence, or several, as a part of another."""
    return "; ".join(part.strip() for part in text.strip().rstrip(".").split(". "))


def ago(now: datetime, at: datetime) -> str:
    """When that was, and how long ago."""
    return f"{moment(at)}, {span(now - at)} ago"


def moment(at: datetime) -> str:
    """A moment, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def span(length: timedelta) -> str:
    """The two largest units, such as `2 h 5 min`."""
    rest = max(0, round(length.total_seconds()))
    words: list[str] = []
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, seconds)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words[:2]) or "0 s"
