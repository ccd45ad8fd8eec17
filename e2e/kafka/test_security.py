"""The whole system on a Kafka with TLS, passwords and ACLs, and what each mistake looks like."""

import asyncio
import re
import ssl
from contextlib import contextmanager

import psutil
import pytest
from aiokafka.errors import TopicAuthorizationFailedError
from customers import ended, eventually, post_order, reaches, register
from invariants import violations
from kafka_users import as_user, creating, deny, may_read, may_write, run
from saga_cli.main import app
from saga_cli.running_stack import read_running_stack
from saga_demo.cases import CASES
from saga_messaging.kafka_refusals import KafkaRefuses
from saga_messaging.publisher import Publisher
from saga_messaging.settings import MessagingSettings
from saga_schemas.topics import TOPICS
from saga_stack.commands import checks
from saga_stack.commands.announcement import announced
from saga_stack.components import migration
from saga_stack.errors import ChildFailedError
from saga_stack.kafka.acls import Acl, Operation, Resource, create_acls
from saga_stack.kafka.certificates import ensure_certificates
from saga_stack.kafka.probes import broker_answers
from saga_stack.processes.child import run_to_completion
from saga_stack.services import SERVICES
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack
from typer.testing import CliRunner

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(600)]

MIX = ("visa", "mastercard", "insufficient funds", "expired card", "no such user")
REFUSED_SECONDS = 120  # it is there within 5 s on a machine that has nothing else to do
PATIENT = {"AUTHORIZATION_TIMEOUT_SECONDS": "600", "KAFKA_LOOK_SECONDS": "30"}
USERS = [service.access.group for service in SERVICES.values()]
NAMES = [name for topic in TOPICS for name in (topic.name, topic.dead_letters)]
WRONG_PASSWORD = {"KAFKA_PASSWORD": "guessed"}
NOBODYS = {
    "wrong password": ({"kafka_password": "guessed"}, "KAFKA_USERNAME=.* with this KAFKA_PASSWORD"),
    "unknown user": ({"kafka_username": "mallory"}, "KAFKA_USERNAME=mallory"),
    "no CA of ours": ({"kafka_ca_file": None}, "KAFKA_CA_FILE .unset: the system's own."),
    "no credentials": (
        {"kafka_username": None, "kafka_password": None, "kafka_ca_file": None},
        "does it want KAFKA_USERNAME and KAFKA_PASSWORD",
    ),
}


@pytest.fixture(scope="module")
def stack(module_folder):
    settings = StackSettings(data_dir=module_folder, secure_kafka=True, service_env=PATIENT)
    with Stack(settings) as running_stack:
        yield running_stack


@contextmanager
def told(stack, name, **environment):
    """The service runs with other settings, and then again with its own."""
    child = stack.child(name)
    own = child.env
    stack.stop(name)
    child.env = {**own, **environment}
    stack.components[name].launch()
    try:
        yield
    finally:
        stack.stop(name)
        child.env = own
        stack.start(name)


def settings_of(stack, user, **changes) -> MessagingSettings:
    credentials = stack.addresses.kafka_security.environment(user)
    own = {name.lower(): value for name, value in credentials.items()}
    servers = {"kafka_bootstrap_servers": stack.kafka_bootstrap}
    return MessagingSettings(**{"database_url": "unused", **servers, **own, **changes})


async def ask(settings) -> None:
    publisher = Publisher(settings)
    try:
        await publisher.topics()
    finally:
        await publisher.close()


def test_orders_of_every_kind_end_as_their_cards_say(stack):
    users = register(stack, [case for case in CASES if case.title in MIX])
    for name, order in {name: post_order(stack, name) for name in users}.items():
        assert users[name].expected.differences(ended(stack, order, 90)) == []
    assert eventually(lambda: violations(stack), lambda found: not found) == []


def test_a_service_with_a_wrong_password_says_so_and_goes_on_with_the_right_one(stack):
    [user] = register(stack, [case for case in CASES if case.title == "visa"])
    with told(stack, "payment", **WRONG_PASSWORD):
        order = post_order(stack, user)
        said = eventually(
            lambda: stack.components["payment"].not_ready() or "ready",
            lambda fault: "KAFKA" in fault,
            REFUSED_SECONDS,
        )
        assert "does not know KAFKA_USERNAME=payment-service with this KAFKA_PASSWORD" in said
        assert reaches(stack, order, "authorizing", seconds=60)["state"] == "authorizing"
    assert reaches(stack, order, "authorized", seconds=90)["state"] == "authorized"
    assert eventually(lambda: violations(stack), lambda found: not found) == []


@pytest.mark.parametrize("missing", ["topic user_commands", "group user-service"])
def test_a_service_without_a_right_names_what_it_may_not_read(stack, missing):
    kind, name = missing.split()
    right = Acl("user-service", Resource[kind.upper()], name, Operation.READ)
    run(deny(stack.kafka_options, right))
    try:
        stack.stop("user")
        stack.components["user"].launch()
        said = eventually(
            lambda: stack.components["user"].not_ready() or "ready",
            lambda fault: "KAFKA" in fault,
            REFUSED_SECONDS,
        )
    finally:
        create_acls(stack.kafka_options, [right])
    assert "KAFKA_USERNAME=user-service may not" in said
    assert missing in said
    assert eventually(stack.components["user"].not_ready, lambda fault: not fault, 60) is None


@pytest.mark.parametrize("mistake", NOBODYS)
def test_nobody_gets_in_by_a_mistake_and_the_setting_is_named(stack, mistake):
    changes, names = NOBODYS[mistake]
    with pytest.raises(KafkaRefuses, match=names):
        run(ask(settings_of(stack, "payment-service", **changes)))


def test_a_broker_that_another_authority_vouches_for_is_not_trusted(stack, tmp_path):
    other = ensure_certificates(tmp_path, "broker", ["127.0.0.1"])
    with pytest.raises(KafkaRefuses, match=f"KAFKA_CA_FILE .{other.authority}.") as refused:
        run(ask(settings_of(stack, "payment-service", kafka_ca_file=other.authority)))
    assert "does not vouch for" in str(refused.value)


def test_a_certificate_for_another_host_is_refused(stack, tmp_path):
    other = ensure_certificates(tmp_path, "broker", ["kafka.example"])
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(other.server)

    async def meet_an_impostor() -> None:
        impostor = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=tls)
        async with impostor:
            port = impostor.sockets[0].getsockname()[1]
            own = {"kafka_bootstrap_servers": f"127.0.0.1:{port}", "kafka_ca_file": other.authority}
            await ask(settings_of(stack, "payment-service", **own))

    with pytest.raises(KafkaRefuses, match="another host than KAFKA_BOOTSTRAP_SERVERS names"):
        run(meet_an_impostor())


def test_a_migration_that_kafka_turns_away_ends_and_says_why(stack, tmp_path):
    child = migration(stack.settings, SERVICES["user"], stack.addresses)
    other = ensure_certificates(tmp_path, "broker", ["127.0.0.1"])
    child.env = {**child.env, "KAFKA_CA_FILE": str(other.authority)}
    with pytest.raises(ChildFailedError, match=r"no topics were made: .* KAFKA_CA_FILE"):
        run_to_completion([child], REFUSED_SECONDS)


def test_plain_text_gets_no_answer(stack):
    assert not broker_answers({"bootstrap_servers": stack.kafka_bootstrap})


@pytest.mark.parametrize("service", SERVICES)
def test_a_user_reads_the_topics_that_its_service_declares_and_no_other(stack, service):
    access = SERVICES[service].access
    options = as_user(stack, access.group)
    assert {name for name in NAMES if run(may_read(options, name))} == access.reads


@pytest.mark.parametrize("service", SERVICES)
def test_a_user_writes_no_topic_that_its_service_does_not_declare(stack, service):
    options = as_user(stack, SERVICES[service].access.group)
    others = set(NAMES) - SERVICES[service].access.writes
    assert [name for name in others if run(may_write(options, name))] == []


@pytest.mark.parametrize("user", USERS)
def test_services_make_no_topics(stack, user):
    assert run(creating(as_user(stack, user), "mine")) is TopicAuthorizationFailedError


def test_passwords_are_in_no_log_and_on_no_command_line(stack):
    folder = stack.settings.data_dir
    logs = [*folder.glob("logs/*.log"), *folder.glob("kafka/*.log")]
    children = [part.child for part in stack.components.values()]
    shown = [" ".join(psutil.Process(child.pid).cmdline()) for child in children]
    texts = [*shown, *(log.read_text() for log in logs)]
    passwords = stack.addresses.kafka_security.passwords.values()
    assert logs
    assert not [text for text in texts for password in passwords if password in text]


def test_the_operators_commands_work(stack):
    [user] = register(stack, [case for case in CASES if case.title == "visa"])
    order = post_order(stack, user)
    ended(stack, order, 90)
    assert "authorized" in saga(stack, "show", order)
    stack.stop("payment")
    waiting = post_order(stack, user)
    reaches(stack, waiting, "authorizing")
    assert "payment-service is 1 message behind on payment_commands" in saga(stack, "why", waiting)
    stack.start("payment")
    assert ended(stack, waiting, 90)["state"] == "authorized"


def test_doctor_finds_the_broker(stack):
    with announced(stack):
        found = read_running_stack(stack.settings.data_dir)
        assert checks.failures(checks.components_of(found)) == []


def test_dead_letters_of_every_consumer_are_listed_and_replayed(stack):
    """The last one: what it leaves in the topics is no order of anybody."""
    for topic in ("user_commands", "payment_commands", "payment_events"):
        assert run(may_write(stack.kafka_options, topic, b"no message"))
    letters = eventually(lambda: letters_in(stack), lambda found: len(found) == 3, 60)
    assert {letter.split("/")[0] for letter in letters} == {
        "user_commands.dlq",
        "payment_commands.dlq",
        "payment_events.dlq",
    }
    assert "no message" in saga(stack, "dlq", "show", letters[0])
    for letter in letters:
        assert "was sent to" in saga(stack, "dlq", "replay", letter)
    again = eventually(lambda: letters_in(stack), lambda found: len(found) == 3, 60)
    assert len(set(again) - set(letters)) == 3, "each came back, and could not be handled again"


def letters_in(stack) -> list[str]:
    return re.findall(r"\w+\.dlq/\d+/\d+", saga(stack, "dlq", "list"))


def saga(stack, *command: str) -> str:
    result = CliRunner().invoke(app, [*command, "--orders-url", stack.orders_url])
    assert result.exit_code == 0, result.output
    return result.output
