"""Malformed, incomplete, too large and foreign requests are refused without effect."""

import contextlib
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from stripe_emulator.journal.journal import Journal, UnusableJournal

HOLD = (
    "amount=1299&currency=usd&confirm=true&payment_method=pm_card_visa&payment_method_types[]=card"
)


def test_incomplete_request_is_not_executed(running: Any, ledger: Any, until: Any):
    address = urlsplit(running.url)
    body = f"{HOLD}&description=whole"
    head = (
        "POST /v1/payment_intents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_test_1\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nIdempotency-Key: cut\r\n"
        f"Content-Length: {len(body) + 2}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall((head + body).encode())
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)
    until(lambda: httpx.get(f"{running.url}/healthz").status_code == 200)
    assert (ledger().payment_intents, ledger().idempotency_keys) == ([], [])


@pytest.mark.parametrize(
    "field",
    [
        "confirm[a]=b",
        "off_session[a]=b",
        f"description{'[a]' * 3000}=1",
        f"expand[{'9' * 5000}]=c",
        f"payment_method_types[{'9' * 5000}]=c",
        "amount=1_000",
        "amount=%2B100",
        "amount=+100+",
        "amount=%D9%A3%D9%A0%D9%A0",
        f"amount={'9' * 400}",
    ],
)
def test_malformed_value_is_a_400_with_its_name(http: httpx.Client, field: str):
    body = f"{HOLD}&{field}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = http.post("/v1/payment_intents", content=body, headers=form)
    assert answer.status_code == 400, answer.text
    assert (
        answer.json()["error"]["param"].partition("[")[0]
        == field.partition("=")[0].partition("[")[0]
    )


def test_excessive_page_number_is_a_400(http: httpx.Client):
    query = {"query": "status:'canceled'", "page": "9" * 5000}
    assert http.get("/v1/payment_intents/search", params=query).status_code == 400


def test_too_large_body_is_413_and_not_kept(http: httpx.Client):
    answer = http.post("/v1/customers", content=b"description=" + b"x" * 300_000)
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    kept = http.get(f"/_emulator/requests/{answer.headers['request-id']}").json()
    assert len(kept["request_body"]) < 100


def test_too_large_body_of_the_control_api_is_413(http: httpx.Client):
    answer = http.post("/_emulator/clock", content=b" " * 300_000)
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")


@pytest.mark.parametrize("path", ["/v1/customers", "/_emulator/clock"])
def test_an_endless_body_is_refused_while_it_is_sent(running: Any, path: str):
    address = urlsplit(running.url)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(head.encode())
        with contextlib.suppress(OSError):  # reset once it is refused
            for _ in range(1_000):
                connection.sendall(chunk)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413")
    assert httpx.get(f"{running.url}/healthz").status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
def test_another_site_can_neither_read_nor_reset(http: httpx.Client, headers: dict[str, str]):
    http.post("/v1/customers")
    assert http.post("/_emulator/reset", headers=headers).status_code == 403
    assert http.get("/_emulator/ledger", headers=headers).status_code == 403
    assert len(http.get("/v1/customers").json()["data"]) == 1


def test_own_page_is_allowed(http: httpx.Client, running: Any):
    assert http.post("/_emulator/reset", headers={"Origin": running.url}).status_code == 204


def test_other_file_is_refused_unchanged(tmp_path: Path):
    notes = tmp_path / "notes.txt"
    notes.write_text("buy milk")
    with pytest.raises(UnusableJournal, match="is not a journal"):
        Journal(notes, 1)
    assert notes.read_text() == "buy milk"


def test_journal_in_use_is_refused(tmp_path: Path):
    first = Journal(tmp_path / "journal", 1)
    with pytest.raises(UnusableJournal, match="in use by a running emulator"):
        Journal(tmp_path / "journal", 1)
    first.close()
    Journal(tmp_path / "journal", 1).close()


def test_full_disk_refuses_requests_and_keeps_the_journal_readable(
    tmp_path: Path, monkeypatch: Any
):
    journal = Journal(tmp_path / "journal", 1)
    journal.append(1, "advance", 1)
    with monkeypatch.context() as patch:
        patch.setattr("os.write", short_write)
        with pytest.raises(OSError, match="no space left"):
            journal.append(2, "advance", 2)
    journal.append(3, "advance", 3)
    assert [command.now for command in journal.commands()] == [1, 3]
    journal.close()


def short_write(file: int, line: bytes) -> int:
    """Write the beginning of the line only, as on a full disk."""
    with open(f"/proc/self/fd/{file}", "ab") as half:  # noqa: PTH123
        return half.write(line[: len(line) // 2])
