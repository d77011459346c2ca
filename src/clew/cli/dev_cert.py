"""An authority for development, and certificates that it signed."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from clew.cli.output import Failure

# Clocks of machines that take part may differ.
_BEFORE = timedelta(hours=1)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key in PEM; `NAME.pem` and `NAME-key.pem`."""

    name: str
    certificate: bytes
    key: bytes = field(repr=False)

    @property
    def names(self) -> tuple[str, str]:
        """The two files."""
        return f"{self.name}.pem", f"{self.name}-key.pem"


def make(hosts: Sequence[str], days: int, *, client: bool) -> list[Pair]:
    """The authority `ca`, `server` for these names and addresses, and `client` when asked."""
    names = [_general_name(host) for host in dict.fromkeys(hosts)]
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("Clew development authority")
    usage = _key_usage(signs_certificates=True)
    authority = (
        _builder(authority_name, authority_name, authority_key, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    pairs = [_pair("ca", authority, authority_key)]
    wanted = [("server", ExtendedKeyUsageOID.SERVER_AUTH, names)]
    if client:
        wanted.append(("client", ExtendedKeyUsageOID.CLIENT_AUTH, [x509.DNSName("clew-client")]))
    for name, purpose, alternatives in wanted:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(_name(f"Clew development {name}"), authority_name, key, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
                critical=False,
            )
            .sign(authority_key, hashes.SHA256())
        )
        pairs.append(_pair(name, certificate, key))
    return pairs


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        pass
    if not host or any(c not in "-._*" and not (c.isascii() and c.isalnum()) for c in host):
        raise Failure(f"--host {host!r} is no name and no address; leave out scheme and port")
    return x509.DNSName(host)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pair(name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    return Pair(
        name,
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
