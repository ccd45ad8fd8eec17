"""What `--secure-kafka` makes, without a broker: files, settings, rights; e2e/kafka runs it."""

import ssl
import stat
from dataclasses import replace

import pytest
from cryptography import x509
from saga_stack.components import Addresses, migration, service_environment
from saga_stack.errors import StackError
from saga_stack.kafka import acl_docs
from saga_stack.kafka.acls import ACCESSES, Operation, Resource, acls
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.kafka.certificates import ensure_certificates
from saga_stack.kafka.config import server_properties
from saga_stack.kafka.security import ensure_security, read_security
from saga_stack.kafka.storage import require_users
from saga_stack.services import SERVICES
from saga_stack.settings import StackSettings, with_environment

SERVICE_USERS = ("user-service", "order-saga", "payment-service")


@pytest.fixture
def security(tmp_path):
    return ensure_security(tmp_path / "security", SERVICE_USERS)


def test_what_is_secret_is_readable_by_its_owner_alone(security):
    assert stat.S_IMODE(security.folder.stat().st_mode) == 0o700
    secret = (security.folder / "passwords.json", security.certificates.server)
    assert [stat.S_IMODE(file.stat().st_mode) for file in secret] == [0o600, 0o600]


def test_the_authority_keeps_no_key_that_could_sign_more(security):
    kept = "".join(file.read_text() for file in security.folder.iterdir())
    assert kept.count("PRIVATE KEY-----") == 2, "begin and end of the one key, the broker's"


def test_the_brokers_certificate_is_for_this_machine_and_signed_by_the_authority(security):
    pem = security.certificates.server.read_bytes()
    certificate = x509.load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE") :])
    authority = x509.load_pem_x509_certificate(security.certificates.authority.read_bytes())
    certificate.verify_directly_issued_by(authority)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name) for name in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]


def test_a_folder_keeps_its_passwords_and_another_has_others(tmp_path, security):
    assert (
        ensure_security(security.folder, SERVICE_USERS)
        == security
        == read_security(security.folder)
    )
    other = ensure_security(tmp_path / "other", SERVICE_USERS)
    assert set(other.passwords) == {"broker", "admin", *SERVICE_USERS}
    assert not set(other.passwords.values()) & set(security.passwords.values())
    assert len(set(security.passwords.values())) == len(security.passwords)


def test_certificates_of_a_start_that_was_cut_short_are_made_again(tmp_path):
    first = ensure_certificates(tmp_path, "broker", ["localhost"])
    first.authority.unlink()
    again = ensure_certificates(tmp_path, "broker", ["localhost"])
    tls = ssl.create_default_context(cafile=again.authority)
    tls.load_cert_chain(again.server)
    assert len(tls.get_ca_certs()) == 1


def test_a_secured_node_listens_nowhere_in_plain_text(tmp_path, security):
    text = server_properties(tmp_path, 20001, 1, {1: 20002}, security)
    told = dict(line.split("=", 1) for line in text.splitlines())
    assert told["listeners"] == "SASL_SSL://127.0.0.1:20001,CONTROLLER://127.0.0.1:20002"
    assert told["listener.security.protocol.map"] == "SASL_SSL:SASL_SSL,CONTROLLER:SSL"
    assert told["listener.name.controller.ssl.client.auth"] == "required"
    assert told["allow.everyone.if.no.acl.found"] == "false"
    assert told["super.users"] == "User:broker;User:admin"
    assert "PLAINTEXT" not in text


def test_a_service_is_its_own_user_and_only_its_migration_is_the_admin(tmp_path, security):
    addresses = Addresses("127.0.0.1:1", {"payment": "postgresql://p"}, None, security)
    settings = StackSettings(data_dir=tmp_path)
    told = service_environment(settings, SERVICES["payment"], addresses)
    assert told["KAFKA_USERNAME"] == "payment-service"
    assert told["KAFKA_PASSWORD"] == security.passwords["payment-service"]
    migrate = migration(settings, SERVICES["payment"], addresses)
    assert migrate.env["KAFKA_USERNAME"] == "admin"


def test_a_folder_that_was_made_without_users_is_refused(tmp_path, security):
    with pytest.raises(StackError, match="made without --secure-kafka") as refused:
        require_users(tmp_path, security)
    assert "--fresh" in refused.value.cure
    require_users(tmp_path, None)


def test_a_broker_of_the_users_own_is_not_secured_by_us(tmp_path):
    settings = StackSettings(data_dir=tmp_path, secure_kafka=True)
    with pytest.raises(StackError, match="KAFKA_BOOTSTRAP_SERVERS"):
        with_environment(settings, {"KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092"})
    assert replace(settings, partitions=2).secure_kafka


def test_without_security_clients_need_nothing_but_the_address(tmp_path):
    kafka = EmbeddedKafka(tmp_path)
    assert kafka.client_options == {"bootstrap_servers": kafka.bootstrap_servers}
    kafka.stop()


def test_nobody_but_the_orchestrator_commands_a_payment_or_tells_of_an_order():
    writers = {
        topic: {acl.user for acl in acls(ACCESSES.values()) if acl.name == topic}
        for topic in ("order_events", "payment_commands")
    }
    assert writers == {
        "order_events": {"order-saga"},
        "payment_commands": {"order-saga", "payment-service"},
    }
    taken = [acl for acl in acls(ACCESSES.values()) if acl.name == "payment_commands"]
    assert [(acl.user, acl.operation) for acl in taken] == [
        ("order-saga", Operation.WRITE),
        ("payment-service", Operation.READ),
    ]


def test_rights_are_for_the_names_with_their_prefix():
    rights = acls(ACCESSES.values(), "mine-")
    assert all(acl.name.startswith("mine-") for acl in rights)
    assert {acl.name for acl in rights if acl.resource is Resource.GROUP} == {
        f"mine-{user}" for user in SERVICE_USERS
    }


def test_the_page_has_the_rights_that_the_services_declare():
    text = acl_docs.PAGE.read_text()
    assert acl_docs.page(text) == text
    assert "| `payment-service` | read | topic | `payment_commands` |" in text
