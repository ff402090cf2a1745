"""A certificate chain for trying things out: root, intermediate and signer, made on this machine and trusted by nobody.

Certificates are as C2PA asks of signers (https://spec.c2pa.org, section on certificate profiles): the signer's says
digitalSignature and emailProtection and names its authority's key. Only the signer's key is kept.
"""

import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

CHAIN, KEY, ROOT = "chain.pem", "key.pem", "root.pem"
VALID_FOR = timedelta(days=3650)
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def make_demo_chain(folder: Path) -> None:
    """Write chain, key and root into the folder unless they are there; of two that do so at once one is kept."""
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    whole = Path(tempfile.mkdtemp(dir=folder.parent))  # private: it holds a key
    try:
        for name, data in _files(datetime.now(UTC)).items():
            (whole / name).write_bytes(data)
        os.rename(whole, folder)
    except OSError:
        if not folder.exists():
            raise
    finally:
        shutil.rmtree(whole, ignore_errors=True)


def _files(at: datetime) -> dict[str, bytes]:
    root_key, intermediate_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root = _certificate("root", root_key, "root", root_key, at, path_length=1)
    intermediate = _certificate("intermediate", intermediate_key, "root", root_key, at, path_length=0)
    signer = _certificate("signer", key, "intermediate", intermediate_key, at, path_length=None)
    return {
        CHAIN: signer.public_bytes(Encoding.PEM) + intermediate.public_bytes(Encoding.PEM),
        KEY: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        ROOT: root.public_bytes(Encoding.PEM),
    }


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    at: datetime,
    *,
    path_length: int | None,
) -> x509.Certificate:
    """A certificate of an authority, or without `path_length` of the signer."""
    is_authority = path_length is not None
    used_for = {"key_cert_sign", "crl_sign"} if is_authority else {"digital_signature"}
    builder = (
        x509.CertificateBuilder(_name(issuer), _name(subject), key.public_key(), x509.random_serial_number())
        .not_valid_before(at)
        .not_valid_after(at + VALID_FOR)
        .add_extension(x509.BasicConstraints(is_authority, path_length), critical=True)
        .add_extension(x509.KeyUsage(**{usage: usage in used_for for usage in USAGES}), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not is_authority:
        email = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(email, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(role: str) -> x509.Name:
    names = {x509.NameOID.ORGANIZATION_NAME: "Tributary demo", x509.NameOID.COMMON_NAME: f"Demo {role}"}
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in names.items()])
