"""`--secure-kafka`: TLS, SCRAM-SHA-512 and ACLs for the embedded broker; see ADR 13."""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import Any

from saga_messaging.kafka.client import client_options
from saga_messaging.settings import KafkaSettings

from saga_stack.kafka.certificates import (
    Certificates,
    certificates_in,
    ensure_certificates,
    write_private,
)
from saga_stack.processes.ports import LOOPBACK

BROKER, ADMIN = "broker", "admin"
HOSTS = (LOOPBACK, "localhost")
PASSWORD_BYTES = 24
PASSWORDS_FILE = "passwords.json"
SECURITY_FOLDER = "security"


@dataclass(frozen=True)
class KafkaSecurity:
    """The users, passwords and certificates of a cluster of any size.

    Attributes:
        folder: The folder of the files; only its owner can read the secret ones.
        passwords: By user: the brokers themselves, the admin and the services.
        certificates: Shared by all nodes, valid for 127.0.0.1 and localhost.
    """

    folder: Path
    passwords: Mapping[str, str]
    certificates: Certificates

    def secured_properties(
        self, properties: Mapping[str, object], folder: Path
    ) -> dict[str, object]:
        """Return a node's `server.properties` with TLS instead of plaintext listeners.

        Clients and brokers use one listener with SCRAM over TLS. Controllers authenticate each
        other by certificate, because they store the SCRAM users themselves. Files are named
        relative to the folder that the node runs in.
        """
        listeners = {
            name: str(properties[name]).replace("PLAINTEXT://", "SASL_SSL://")
            for name in ("listeners", "advertised.listeners")
        }
        return {**properties, **listeners, **self._protocols(), **self._tls(folder), **_ACLS}

    def scram_arguments(self) -> list[str]:
        """Return the options that create the users when Kafka's storage is formatted."""
        return [
            f"--add-scram=SCRAM-SHA-512=[name={user},password={password}]"
            for user, password in self.passwords.items()
        ]

    def environment(self, user: str) -> dict[str, str]:
        """Return the environment variables of a process that connects as this user."""
        return {
            "KAFKA_USERNAME": user,
            "KAFKA_PASSWORD": self.passwords[user],
            "KAFKA_CA_FILE": str(self.certificates.authority),
        }

    def client_options(self, bootstrap_servers: str, user: str = ADMIN) -> dict[str, Any]:
        """Return the options of an aiokafka client of this user; the admin may do everything."""
        settings = {
            "kafka_bootstrap_servers": bootstrap_servers,
            "kafka_username": user,
            "kafka_password": self.passwords[user],
            "kafka_ca_file": self.certificates.authority,
        }
        return client_options(KafkaSettings.model_validate(settings))

    def _protocols(self) -> dict[str, object]:
        login = "org.apache.kafka.common.security.scram.ScramLoginModule required"
        return {
            "listener.security.protocol.map": "SASL_SSL:SASL_SSL,CONTROLLER:SSL",
            "security.inter.broker.protocol": "SASL_SSL",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
                f'{login} username="{BROKER}" password="{self.passwords[BROKER]}";'
            ),
        }

    def _tls(self, folder: Path) -> dict[str, object]:
        return {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": relpath(self.certificates.server, folder),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": relpath(self.certificates.authority, folder),
            "listener.name.controller.ssl.client.auth": "required",
            "listener.name.controller.ssl.principal.mapping.rules": r"RULE:^CN=(.*)$/$1/",
        }


_ACLS = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "false",
    "super.users": f"User:{BROKER};User:{ADMIN}",
}


def ensure_security(folder: Path, services: Iterable[str]) -> KafkaSecurity:
    """Return the security files in the folder; create them first if they are missing.

    Args:
        folder: Created if missing.
        services: The users other than the broker and the admin.
    """
    ensure_certificates(folder, BROKER, HOSTS)
    file = folder / PASSWORDS_FILE
    if not file.exists():
        users = (BROKER, ADMIN, *services)
        passwords = {user: secrets.token_urlsafe(PASSWORD_BYTES) for user in users}
        partial = file.with_suffix(".partial")
        write_private(partial, json.dumps(passwords, indent=2))
        partial.replace(file)
    return read_security(folder)


def read_security(folder: Path) -> KafkaSecurity:
    """Return the security files that `ensure_security` created in this folder."""
    passwords = json.loads((folder / PASSWORDS_FILE).read_text())
    return KafkaSecurity(folder, passwords, certificates_in(folder, BROKER))
