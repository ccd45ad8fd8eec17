"""The request log: bounds, cursors, and the requests related to an object."""

import pytest
from stripe_emulator.requests.log import LogEntry, RequestLog
from stripe_emulator.wire.messages import Request, Response


@pytest.fixture(autouse=True)
def _check_every_response() -> None:
    """Disable the check of responses, which are invented here."""


def entry(number: int, body: bytes = b"{}", key: str = "", answered: bool = True) -> LogEntry:
    headers = {b"idempotency-key": key.encode()} if key else {}
    request = Request("POST", "/v1/payment_intents", b"", headers, b"amount=1")
    return LogEntry(f"req_{number}", 0, request, Response(200, body) if answered else None, None)


def filled(size: int, count: int) -> RequestLog:
    log = RequestLog(size)
    for number in range(count):
        log.add(entry(number))
    return log


def ids(entries: list[LogEntry]) -> list[str]:
    return [one.id for one in entries]


def test_first_read_returns_the_newest_entries_oldest_first():
    news = filled(size=5, count=8).after(None, limit=3)
    assert ids(news.entries) == ["req_5", "req_6", "req_7"]
    assert (news.fresh, news.missed) == (True, 0)


def test_cursor_continues_after_the_last_entry():
    log = filled(size=5, count=3)
    cursor = log.after(None, limit=5).cursor
    assert log.after(cursor, limit=5).entries == []
    log.add(entry(3))
    news = log.after(cursor, limit=5)
    assert (ids(news.entries), news.fresh, news.missed) == (["req_3"], False, 0)
    assert log.after(news.cursor, limit=5).entries == []


@pytest.mark.parametrize(("size", "limit"), [(3, 10), (10, 3)])
def test_omitted_entries_are_counted(size: int, limit: int):
    log = filled(size, 1)
    cursor = log.after(None, limit).cursor
    for number in range(1, 9):
        log.add(entry(number))
    news = log.after(cursor, limit)
    assert (ids(news.entries), news.missed) == (["req_6", "req_7", "req_8"], 5)


@pytest.mark.parametrize("cursor", ["", "nonsense", "-1", "{name}-99", "{name}-", "other-0"])
def test_cursor_of_another_log_starts_over(cursor: str):
    log = filled(size=5, count=2)
    name, _, _ = log.after(None, limit=5).cursor.partition("-")
    news = log.after(cursor.format(name=name), limit=5)
    assert (ids(news.entries), news.fresh) == (["req_0", "req_1"], True)


def test_request_is_related_by_id_and_by_key():
    log = RequestLog(10)
    log.add(entry(0, key="k", answered=False))
    log.add(entry(1, b'{"id":"pi_1"}', key="k"))
    log.add(entry(2, b'{"id":"pi_2"}', key="other"))
    log.add(entry(3, b'{"object":"list","data":[{"id":"pi_1"}]}'))
    log.add(entry(4, b'{"payment_intent":"pi_1"}'))
    assert ids(log.touching("pi_1")) == ["req_4", "req_1", "req_0"]
    assert log.touching("pi_3") == []


def test_truncated_body_has_no_error_message():
    request = Request("GET", "/v1/customers", b"", {}, b"")
    broken = LogEntry("req_1", 0, request, Response(500, b'{"error"'), "truncated")
    assert broken.summary()["error_message"] is None
