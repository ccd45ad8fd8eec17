"""The whole system on a Kafka with TLS, passwords and ACLs, and the report of each mistake."""

import asyncio
import ssl

import psutil
import pytest
from aiokafka.errors import TopicAuthorizationFailedError
from saga_cli.running_stack import read_running_stack
from saga_messaging.kafka.access_errors import KafkaAccessError
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
from support.invariants import violations_at_rest
from support.kafka.access import (
    create_topic,
    list_topics,
    may_read,
    may_write,
    options_of,
    revoke,
    run,
    settings_of,
)
from support.load import MIX
from support.orders import post_order, wait_for_outcome, wait_for_state
from support.polling import eventually
from support.saga_command import listed_dead_letters, saga
from support.service_environment import kafka_report, service_environment
from support.users import cases, register_user, register_users

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(600)]

REPORT_SECONDS = 120  # on an idle machine the report is there within 5 s
LONG_TIMEOUTS = {"AUTHORIZATION_TIMEOUT_SECONDS": "600", "KAFKA_LOOK_SECONDS": "30"}
USERS = [service.access.group for service in SERVICES.values()]
NAMES = [name for topic in TOPICS for name in (topic.name, topic.dead_letters)]
WRONG_PASSWORD = {"KAFKA_PASSWORD": "guessed"}
MISTAKES = {
    "wrong password": ({"kafka_password": "guessed"}, "KAFKA_USERNAME=.* with this KAFKA_PASSWORD"),
    "unknown user": ({"kafka_username": "mallory"}, "KAFKA_USERNAME=mallory"),
    "no CA": ({"kafka_ca_file": None}, "KAFKA_CA_FILE .unset: the system's authorities."),
    "no credentials": (
        {"kafka_username": None, "kafka_password": None, "kafka_ca_file": None},
        "KAFKA_USERNAME and KAFKA_PASSWORD may be required",
    ),
}


@pytest.fixture(scope="module")
def stack(module_folder):
    settings = StackSettings(data_dir=module_folder, secure_kafka=True, service_env=LONG_TIMEOUTS)
    with Stack(settings) as running_stack:
        yield running_stack


def test_orders_end_as_their_cards_require(stack):
    users = register_users(stack, cases(*MIX))
    for name, order in {name: post_order(stack, name) for name in users}.items():
        assert users[name].expected.differences(wait_for_outcome(stack, order, 90)) == []
    assert violations_at_rest(stack) == []


def test_service_with_a_wrong_password_reports_it_and_goes_on_with_the_right_one(stack):
    user = register_user(stack, "visa")
    with service_environment(stack, "payment", **WRONG_PASSWORD):
        order = post_order(stack, user)
        report = kafka_report(stack, "payment", REPORT_SECONDS)
        assert "rejected KAFKA_USERNAME=payment-service with this KAFKA_PASSWORD" in report
        assert wait_for_state(stack, order, "authorizing", seconds=60)["state"] == "authorizing"
    assert wait_for_state(stack, order, "authorized", seconds=90)["state"] == "authorized"
    assert violations_at_rest(stack) == []


@pytest.mark.parametrize("missing", ["topic user_commands", "group user-service"])
def test_service_without_a_right_names_the_topic_or_group(stack, missing):
    kind, name = missing.split()
    right = Acl("user-service", Resource[kind.upper()], name, Operation.READ)
    run(revoke(stack.kafka_options, right))
    try:
        stack.stop("user")
        stack.components["user"].launch()
        report = kafka_report(stack, "user", REPORT_SECONDS)
    finally:
        create_acls(stack.kafka_options, [right])
    assert "KAFKA_USERNAME=user-service is not authorized" in report
    assert missing in report
    assert eventually(stack.components["user"].not_ready, lambda fault: not fault, 60) is None


@pytest.mark.parametrize("mistake", MISTAKES)
def test_connection_is_refused_and_the_wrong_setting_is_named(stack, mistake):
    changes, names = MISTAKES[mistake]
    with pytest.raises(KafkaAccessError, match=names):
        run(list_topics(settings_of(stack, "payment-service", **changes)))


def test_certificate_of_another_authority_is_not_trusted(stack, tmp_path):
    other = ensure_certificates(tmp_path, "broker", ["127.0.0.1"])
    with pytest.raises(KafkaAccessError, match=f"KAFKA_CA_FILE .{other.authority}.") as refused:
        run(list_topics(settings_of(stack, "payment-service", kafka_ca_file=other.authority)))
    assert "cannot be verified with" in str(refused.value)


def test_certificate_of_another_host_is_refused(stack, tmp_path):
    other = ensure_certificates(tmp_path, "broker", ["kafka.example"])
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(other.server)

    async def connect_to_an_impostor() -> None:
        impostor = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=tls)
        async with impostor:
            port = impostor.sockets[0].getsockname()[1]
            own = {"kafka_bootstrap_servers": f"127.0.0.1:{port}", "kafka_ca_file": other.authority}
            await list_topics(settings_of(stack, "payment-service", **own))

    with pytest.raises(KafkaAccessError, match="a host that KAFKA_BOOTSTRAP_SERVERS does not name"):
        run(connect_to_an_impostor())


def test_migration_that_kafka_refuses_fails_and_names_the_setting(stack, tmp_path):
    child = migration(stack.settings, SERVICES["user"], stack.addresses)
    other = ensure_certificates(tmp_path, "broker", ["127.0.0.1"])
    child.env = {**child.env, "KAFKA_CA_FILE": str(other.authority)}
    with pytest.raises(ChildFailedError, match=r"topics not created: .* KAFKA_CA_FILE"):
        run_to_completion([child], REPORT_SECONDS)


def test_plain_text_connection_is_not_answered(stack):
    assert not broker_answers({"bootstrap_servers": stack.kafka_bootstrap})


@pytest.mark.parametrize("service", SERVICES)
def test_user_may_read_exactly_the_topics_that_its_service_declares(stack, service):
    access = SERVICES[service].access
    options = options_of(stack, access.group)
    assert {name for name in NAMES if run(may_read(options, name))} == access.reads


@pytest.mark.parametrize("service", SERVICES)
def test_user_may_write_no_topic_that_its_service_does_not_declare(stack, service):
    options = options_of(stack, SERVICES[service].access.group)
    others = set(NAMES) - SERVICES[service].access.writes
    assert [name for name in others if run(may_write(options, name))] == []


@pytest.mark.parametrize("user", USERS)
def test_user_may_not_create_topics(stack, user):
    assert run(create_topic(options_of(stack, user), "mine")) is TopicAuthorizationFailedError


def test_passwords_are_neither_in_logs_nor_on_command_lines(stack):
    folder = stack.settings.data_dir
    logs = [*folder.glob("logs/*.log"), *folder.glob("kafka/*.log")]
    children = [part.child for part in stack.components.values()]
    command_lines = [" ".join(psutil.Process(child.pid).cmdline()) for child in children]
    texts = [*command_lines, *(log.read_text() for log in logs)]
    passwords = stack.addresses.kafka_security.passwords.values()
    assert logs
    assert not [text for text in texts for password in passwords if password in text]


def test_show_and_why_work(stack):
    user = register_user(stack, "visa")
    order = post_order(stack, user)
    wait_for_outcome(stack, order, 90)
    assert "authorized" in saga(stack, "show", order)
    stack.stop("payment")
    waiting = post_order(stack, user)
    wait_for_state(stack, waiting, "authorizing")
    unread = "payment-service has 1 unread message on payment_commands"
    assert unread in saga(stack, "why", waiting)
    stack.start("payment")
    assert wait_for_outcome(stack, waiting, 90)["state"] == "authorized"


def test_doctor_finds_no_fault(stack):
    with announced(stack):
        found = read_running_stack(stack.settings.data_dir)
        assert checks.failures(checks.components_of(found)) == []


def test_dead_letters_of_every_service_are_listed_and_replayed(stack):
    """Comes last: the messages that it leaves in the topics belong to no order."""
    for topic in ("user_commands", "payment_commands", "payment_events"):
        assert run(may_write(stack.kafka_options, topic, b"no message"))
    listed = three_dead_letters(stack)
    assert {dead_letter.split("/")[0] for dead_letter in listed} == {
        "user_commands.dlq",
        "payment_commands.dlq",
        "payment_events.dlq",
    }
    assert "no message" in saga(stack, "dlq", "show", listed[0])
    for dead_letter in listed:
        assert "was sent to" in saga(stack, "dlq", "replay", dead_letter)
    again = three_dead_letters(stack)
    assert len(set(again) - set(listed)) == 3, "each was replayed, and is a dead letter again"


def three_dead_letters(stack):
    return eventually(lambda: listed_dead_letters(stack), lambda found: len(found) == 3, 60)
