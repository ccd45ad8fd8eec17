# ruff: noqa: INP001, T201  # a script that prints its measurements
"""Benchmark of the emulator: PaymentIntents per second, and the CPU time and memory of each.

`python tools/stripe_emulator/bench/payment_intents.py --count 20000` starts an emulator, sends
20,000 `POST /v1/payment_intents` with `confirm=true`, manual capture and an idempotency key over a
few connections, and prints the rate of each tenth, which should be constant. With `--journal` the
emulator keeps a journal, is killed at the end and is restored from it.
"""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

_TENTHS = 10
_START_SECONDS = 300
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


def _request(number: int, customer: str, method: str) -> bytes:
    body = urlencode(
        {
            "amount": 1299,
            "currency": "usd",
            "customer": customer,
            "payment_method": method,
            "capture_method": "manual",
            "confirm": "true",
            "off_session": "true",
            "automatic_payment_methods[enabled]": "true",
            "automatic_payment_methods[allow_redirects]": "never",
            "description": "Food delivery order",
            "metadata[saga_id]": f"saga-{number}",
        }
    ).encode()
    return _post("/v1/payment_intents", body, f"bench-{number}")


def _post(path: str, body: bytes, key: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer sk_test_bench\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nIdempotency-Key: {key}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> "_Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, request: bytes) -> bytes:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()


def _id_in(body: bytes) -> str:
    return body.partition(b'"id":"')[2].partition(b'"')[0].decode()


async def _tenth(connections: list[_Connection], requests: list[bytes]) -> float:
    queue = iter(requests)

    async def work(connection: _Connection) -> None:
        for request in queue:
            await connection.send(request)

    start = time.perf_counter()
    await asyncio.gather(*(work(connection) for connection in connections))
    return time.perf_counter() - start


def _usage(pid: int) -> tuple[float, int]:
    """Return the CPU seconds and the resident bytes of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return (int(fields[11]) + int(fields[12])) / _TICKS, pages * _PAGE_BYTES


async def _measure(pid: int, port: int, count: int, width: int) -> None:
    connections = [await _Connection.open(port) for _ in range(width)]
    customer = _id_in(await connections[0].send(_post("/v1/customers", b"name=Bench", "customer")))
    attach = _post("/v1/payment_methods/pm_card_visa/attach", f"customer={customer}".encode(), "pm")
    method = _id_in(await connections[0].send(attach))
    start_cpu, start_bytes = _usage(pid)
    rates: list[float] = []
    print(f"{'from':>9} {'to':>9} {'per second':>11} {'per CPU second':>15}")
    for tenth in range(_TENTHS):
        first, last = count * tenth // _TENTHS, count * (tenth + 1) // _TENTHS
        requests = [_request(number, customer, method) for number in range(first, last)]
        cpu = _usage(pid)[0]
        seconds = await _tenth(connections, requests)
        used = max(_usage(pid)[0] - cpu, 1 / _TICKS)
        print(f"{first:>9} {last:>9} {(last - first) / seconds:>11.0f}", end=" ")
        rates.append((last - first) / used)
        print(f"{rates[-1]:>15.0f}")
    cpu, resident = _usage(pid)
    print(f"rate of the last tenth / first tenth, per CPU second: {rates[-1] / rates[0]:.2f}")
    print(f"CPU time per PaymentIntent: {(cpu - start_cpu) * 1e6 / count:.0f} µs")
    print(f"memory per PaymentIntent: {(resident - start_bytes) / count / 1024:.1f} KiB")
    for connection in connections:
        connection.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _wait_until_open(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.05)
    raise TimeoutError("The emulator did not start.")


@contextmanager
def _emulator(port: int, journal: Path | None) -> Generator[subprocess.Popen[bytes]]:
    """Run a listening emulator, which is killed at the end, as by `kill -9`."""
    command = [sys.executable, "-m", "stripe_emulator", "--port", str(port)]
    command += ["--log-level", "warning", *(["--journal", str(journal)] if journal else [])]
    process = subprocess.Popen(command)  # noqa: S603  # a fixed command
    try:
        _wait_until_open(port)
        yield process
    finally:
        process.kill()
        process.wait()


def _measure_restart(port: int, journal: Path, count: int) -> None:
    start = time.perf_counter()
    with _emulator(port, journal) as process:
        seconds, resident = time.perf_counter() - start, _usage(process.pid)[1]
    print(f"journal per PaymentIntent: {journal.stat().st_size / count / 1024:.1f} KiB")
    print(f"restore from the journal: {seconds:.1f} s, {count / seconds:.0f} per second", end=", ")
    print(f"{resident / 2**20:.0f} MiB of memory")


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--journal", action="store_true")
    arguments = parser.parse_args()
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="stripe-emulator-bench-") as folder:
        journal = Path(folder, "journal") if arguments.journal else None
        with _emulator(port, journal) as process:
            asyncio.run(_measure(process.pid, port, arguments.count, arguments.connections))
        if journal is not None:
            _measure_restart(port, journal, arguments.count)


if __name__ == "__main__":
    main()
