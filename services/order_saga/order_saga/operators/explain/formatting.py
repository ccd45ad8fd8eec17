"""Times, durations and failures as parts of a sentence."""

from datetime import UTC, datetime, timedelta

from saga_schemas.values import Failure


def failure(reason: Failure) -> str:
    """Return a failure's message, its code in brackets and its cure in parentheses."""
    cure = f" ({clause(reason.cure)})" if reason.cure else ""
    code = reason.decline_code or reason.code
    return f"{clause(reason.message)} [{code}]{cure}"


def clause(text: str) -> str:
    """Return one or several sentences as a clause: without full stops, joined by semicolons."""
    return "; ".join(part.strip() for part in text.strip().rstrip(".").split(". "))


def time_and_age(at: datetime, now: datetime) -> str:
    """Return a time in the past and how long ago it was, such as `…, 35 s ago`."""
    return f"{time(at)}, {duration(now - at)} ago"


def time(at: datetime) -> str:
    """Return a time in UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def duration(length: timedelta) -> str:
    """Return a duration in its two largest units, such as `2 h 5 min`; `0 s` if negative."""
    rest = max(0, round(length.total_seconds()))
    words: list[str] = []
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, seconds)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words[:2]) or "0 s"
