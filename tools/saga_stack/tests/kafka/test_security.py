"""Files, settings and ACLs of `--secure-kafka`, without a broker; e2e/kafka runs one."""

import ssl
import stat
from dataclasses import replace

import pytest
from cryptography import x509
from saga_stack.components import Addresses, migration, service_environment
from saga_stack.errors import StackError
from saga_stack.kafka import acl_docs
from saga_stack.kafka.acls import Operation, Resource, acls_of
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


def test_only_the_owner_can_read_secret_files(security):
    assert stat.S_IMODE(security.folder.stat().st_mode) == 0o700
    secret = (security.folder / "passwords.json", security.certificates.server)
    assert [stat.S_IMODE(file.stat().st_mode) for file in secret] == [0o600, 0o600]


def test_the_authority_s_private_key_is_not_stored(security):
    kept = "".join(file.read_text() for file in security.folder.iterdir())
    assert kept.count("PRIVATE KEY-----") == 2, "the begin and end lines of the broker's key"


def test_the_broker_s_certificate_is_for_loopback_and_signed_by_the_authority(security):
    pem = security.certificates.server.read_bytes()
    certificate = x509.load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE") :])
    authority = x509.load_pem_x509_certificate(security.certificates.authority.read_bytes())
    certificate.verify_directly_issued_by(authority)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name) for name in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]


def test_each_folder_has_its_own_passwords(tmp_path, security):
    assert (
        ensure_security(security.folder, SERVICE_USERS)
        == security
        == read_security(security.folder)
    )
    other = ensure_security(tmp_path / "other", SERVICE_USERS)
    assert set(other.passwords) == {"broker", "admin", *SERVICE_USERS}
    assert not set(other.passwords.values()) & set(security.passwords.values())
    assert len(set(security.passwords.values())) == len(security.passwords)


def test_incomplete_certificates_are_created_again(tmp_path):
    first = ensure_certificates(tmp_path, "broker", ["localhost"])
    first.authority.unlink()
    again = ensure_certificates(tmp_path, "broker", ["localhost"])
    tls = ssl.create_default_context(cafile=again.authority)
    tls.load_cert_chain(again.server)
    assert len(tls.get_ca_certs()) == 1


def test_a_secured_node_has_no_plaintext_listener(tmp_path, security):
    text = server_properties(tmp_path, 20001, 1, {1: 20002}, security)
    properties = dict(line.split("=", 1) for line in text.splitlines())
    assert properties["listeners"] == "SASL_SSL://127.0.0.1:20001,CONTROLLER://127.0.0.1:20002"
    assert properties["listener.security.protocol.map"] == "SASL_SSL:SASL_SSL,CONTROLLER:SSL"
    assert properties["listener.name.controller.ssl.client.auth"] == "required"
    assert properties["allow.everyone.if.no.acl.found"] == "false"
    assert properties["super.users"] == "User:broker;User:admin"
    assert "PLAINTEXT" not in text


def test_a_service_is_its_own_user_and_its_migration_is_the_admin(tmp_path, security):
    addresses = Addresses("127.0.0.1:1", {"payment": "postgresql://p"}, None, security)
    settings = StackSettings(data_dir=tmp_path)
    environment = service_environment(settings, SERVICES["payment"], addresses)
    assert environment["KAFKA_USERNAME"] == "payment-service"
    assert environment["KAFKA_PASSWORD"] == security.passwords["payment-service"]
    migrate = migration(settings, SERVICES["payment"], addresses)
    assert migrate.env["KAFKA_USERNAME"] == "admin"


def test_a_folder_without_users_is_refused(tmp_path, security):
    with pytest.raises(StackError, match="created without --secure-kafka") as refused:
        require_users(tmp_path, security)
    assert "--fresh" in refused.value.cure
    require_users(tmp_path, None)


def test_an_existing_broker_cannot_be_secured(tmp_path):
    settings = StackSettings(data_dir=tmp_path, secure_kafka=True)
    with pytest.raises(StackError, match="KAFKA_BOOTSTRAP_SERVERS"):
        with_environment(settings, {"KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092"})
    assert replace(settings, partitions=2).secure_kafka


def test_without_security_clients_need_only_the_address(tmp_path):
    kafka = EmbeddedKafka(tmp_path)
    assert kafka.client_options == {"bootstrap_servers": kafka.bootstrap_servers}
    kafka.stop()


def test_only_the_orchestrator_may_command_payments_and_publish_order_events():
    writers = {
        topic: {acl.user for acl in acls_of(SERVICES.values()) if acl.name == topic}
        for topic in ("order_events", "payment_commands")
    }
    assert writers == {
        "order_events": {"order-saga"},
        "payment_commands": {"order-saga", "payment-service"},
    }
    on_commands = [acl for acl in acls_of(SERVICES.values()) if acl.name == "payment_commands"]
    assert [(acl.user, acl.operation) for acl in on_commands] == [
        ("order-saga", Operation.WRITE),
        ("payment-service", Operation.READ),
        ("payment-service", Operation.DESCRIBE_CONFIGS),
    ]


def test_acls_include_the_prefix():
    prefixed = acls_of(SERVICES.values(), "mine-")
    assert all(acl.name.startswith("mine-") for acl in prefixed)
    assert {acl.name for acl in prefixed if acl.resource is Resource.GROUP} == {
        f"mine-{user}" for user in SERVICE_USERS
    }


def test_the_page_contains_the_declared_acls():
    text = acl_docs.PAGE.read_text()
    assert acl_docs.page(text) == text
    assert "| `payment-service` | read | topic | `payment_commands` |" in text
