"""A private certificate authority and the one server certificate that it signs."""

import datetime
import ipaddress
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_FOR = datetime.timedelta(days=3650)
CLOCK_SKEW = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Certificates:
    """PEM files of a server and its authority. The authority's private key is not stored.

    Attributes:
        authority: The certificate that clients trust.
        server: The server's private key and certificate.
    """

    authority: Path
    server: Path


def ensure_certificates(folder: Path, name: str, hosts: Iterable[str]) -> Certificates:
    """Return the certificates in this folder; create them first if they are missing.

    Args:
        folder: Created if missing.
        name: The common name of the server's certificate.
        hosts: The host names and IP addresses of the server.
    """
    found = certificates_in(folder, name)
    if not found.authority.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        authority, server = _create(name, hosts)
        write_private(found.server, server)
        found.authority.write_text(authority)  # last: its existence means that both are complete
    return found


def certificates_in(folder: Path, name: str) -> Certificates:
    """Return the paths that `ensure_certificates` uses, whether or not the files exist."""
    return Certificates(folder / "ca.pem", folder / f"{name}.pem")


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, at no time anyone else."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as private:
        private.write(text)


def _create(name: str, hosts: Iterable[str]) -> tuple[str, str]:
    ca_key, server_key = _new_key(), _new_key()
    ca_name = _common_name("saga reference, local authority")
    ca = (
        _unsigned(ca_name, ca_name, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    server = (
        _unsigned(_common_name(name), ca_name, server_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(_SERVER_AND_CLIENT), critical=False)
        .add_extension(x509.SubjectAlternativeName(map(_host, hosts)), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()),
            critical=False,
        )
        .sign(ca_key, hashes.SHA256())
    )
    return _pem(ca), _private_pem(server_key) + _pem(server)


# Kafka's nodes present it to clients as servers, and to each other's controllers as clients.
_SERVER_AND_CLIENT = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,  # the only format that Kafka reads
        serialization.NoEncryption(),
    ).decode()
