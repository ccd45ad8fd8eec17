"""The request log: its bound, its cursors, and which requests touched an object."""

import pytest
from stripe_emulator.requests.log import Entry, RequestLog
from stripe_emulator.wire.messages import Answer, Request


@pytest.fixture(autouse=True)
def _every_answer_is_stripes() -> None:
    """The answers here are made up, so they are held to nothing."""


def entry(number: int, body: bytes = b"{}", key: str = "", answered: bool = True) -> Entry:
    headers = {b"idempotency-key": key.encode()} if key else {}
    request = Request("POST", "/v1/payment_intents", b"", headers, b"amount=1")
    return Entry(f"req_{number}", 0, request, Answer(200, body) if answered else None, None)


def filled(size: int, count: int) -> RequestLog:
    log = RequestLog(size)
    for number in range(count):
        log.add(entry(number))
    return log


def ids(entries: list[Entry]) -> list[str]:
    return [one.id for one in entries]


def test_a_first_look_gives_the_newest_that_are_kept_oldest_first():
    news = filled(size=5, count=8).after(None, limit=3)
    assert ids(news.entries) == ["req_5", "req_6", "req_7"]
    assert (news.fresh, news.missed) == (True, 0)


def test_a_cursor_goes_on_where_it_was():
    log = filled(size=5, count=3)
    cursor = log.after(None, limit=5).cursor
    assert log.after(cursor, limit=5).entries == []
    log.add(entry(3))
    news = log.after(cursor, limit=5)
    assert (ids(news.entries), news.fresh, news.missed) == (["req_3"], False, 0)
    assert log.after(news.cursor, limit=5).entries == []


@pytest.mark.parametrize(("size", "limit"), [(3, 10), (10, 3)])
def test_what_came_too_fast_is_counted(size: int, limit: int):
    log = filled(size, 1)
    cursor = log.after(None, limit).cursor
    for number in range(1, 9):
        log.add(entry(number))
    news = log.after(cursor, limit)
    assert (ids(news.entries), news.missed) == (["req_6", "req_7", "req_8"], 5)


@pytest.mark.parametrize("cursor", ["", "nonsense", "-1", "{name}-99", "{name}-", "other-0"])
def test_a_cursor_of_another_log_starts_afresh(cursor: str):
    log = filled(size=5, count=2)
    name, _, _ = log.after(None, limit=5).cursor.partition("-")
    news = log.after(cursor.format(name=name), limit=5)
    assert (ids(news.entries), news.fresh) == (["req_0", "req_1"], True)


def test_a_request_touched_what_it_names_and_what_its_key_named():
    log = RequestLog(10)
    log.add(entry(0, key="k", answered=False))
    log.add(entry(1, b'{"id":"pi_1"}', key="k"))
    log.add(entry(2, b'{"id":"pi_2"}', key="other"))
    log.add(entry(3, b'{"object":"list","data":[{"id":"pi_1"}]}'))
    log.add(entry(4, b'{"payment_intent":"pi_1"}'))
    assert ids(log.touching("pi_1")) == ["req_4", "req_1", "req_0"]
    assert log.touching("pi_3") == []


def test_a_body_that_is_no_envelope_has_no_error_message():
    request = Request("GET", "/v1/customers", b"", {}, b"")
    broken = Entry("req_1", 0, request, Answer(500, b'{"error"'), "truncated")
    assert broken.summary()["error_message"] is None
