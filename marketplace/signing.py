"""Who signs what we hand out: a certificate chain, and its key in a file or behind a function such as a KMS offers."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)
from django.conf import settings
from django.utils.module_loading import import_string

from marketplace.demo_chain import CHAIN, KEY, ROOT, make_demo_chain

Sign = Callable[[bytes], bytes]
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

CURVES: dict[str, tuple[str, hashes.HashAlgorithm]] = {
    "secp256r1": ("es256", hashes.SHA256()),
    "secp384r1": ("es384", hashes.SHA384()),
}


class CannotSign(RuntimeError):
    """There is no signer, or it does not fit its certificates; the message says what to set."""


class NotSigned(ValueError):
    """A signature that is not good, or not by a signer whose root is ours."""


@dataclass(frozen=True)
class Identity:
    """Who signs. `chain` is PEM, the signer's certificate first; `root` is PEM, the one certificate that we trust.

    `algorithm` is es256, es384 or ed25519; `sign` returns a signature that fits the signer's certificate, in DER where
    the curve is elliptic, or raises `CannotSign`.
    """

    chain: str
    root: str
    algorithm: str
    sign: Sign


def identity() -> Identity:
    """The signer that the settings name, or the demo chain's. Raises `CannotSign`."""
    if settings.DEMO_CHAIN:
        folder = Path(settings.DEMO_CHAIN)
        make_demo_chain(folder)
        return _load(str(folder / CHAIN), str(folder / ROOT), str(folder / KEY), "")
    if not settings.SIGNING_CHAIN or not settings.SIGNING_ROOT:
        raise CannotSign("Nothing says who signs delivered files: set SIGNING_CHAIN and SIGNING_ROOT to PEM files.")
    return _load(settings.SIGNING_CHAIN, settings.SIGNING_ROOT, settings.SIGNING_KEY, settings.SIGNING_CALLBACK)


@cache
def _load(chain_path: str, root_path: str, key_path: str, callback: str) -> Identity:
    if bool(key_path) == bool(callback):
        raise CannotSign("Set one of SIGNING_KEY, a PEM file, and SIGNING_CALLBACK, the dotted path of a function.")
    try:
        chain, root = Path(chain_path).read_text(), Path(root_path).read_text()
        sign = import_string(callback) if callback else _signs_by_key(Path(key_path))
        public_key = check_chain(chain, root)
    except (OSError, ValueError, ImportError) as error:
        raise CannotSign(f"Delivered files cannot be signed: {error}") from error
    loaded = Identity(chain, root, algorithm_of(public_key), lambda data: _checked(sign, public_key, data))
    loaded.sign(b"a key that does not fit its certificate is found out before anything is handed out")
    return loaded


def _signs_by_key(path: Path) -> Sign:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name not in CURVES:
        raise ValueError(f"The key in {path} must be on the curve P-256 or P-384, or Ed25519.")
    algorithm = ec.ECDSA(CURVES[key.curve.name][1])
    return lambda data: key.sign(data, algorithm)


def _checked(sign: Sign, public_key: PublicKey, data: bytes) -> bytes:
    try:
        signature = sign(data)
    except Exception as error:  # whatever a KMS and the network before it raise
        raise CannotSign(f"The signing key cannot be reached: {error}") from error
    try:
        _check(public_key, signature, data)
    except InvalidSignature as error:
        raise CannotSign("The signing key does not fit the first certificate in SIGNING_CHAIN.") from error
    return signature


def _check(public_key: PublicKey, signature: bytes, data: bytes) -> None:
    if isinstance(public_key, ed25519.Ed25519PublicKey):
        public_key.verify(signature, data)
    else:
        public_key.verify(signature, data, ec.ECDSA(CURVES[public_key.curve.name][1]))


def algorithm_of(public_key: PublicKey) -> str:
    """The algorithm's name in C2PA and in licence certificates."""
    return "ed25519" if isinstance(public_key, ed25519.Ed25519PublicKey) else CURVES[public_key.curve.name][0]


def signature_of(data: bytes) -> dict[str, str]:
    """The signature of bytes as it stands beside them, with the chain of who signs. Raises `CannotSign`."""
    who = identity()
    return {"algorithm": who.algorithm, "value": b64encode(who.sign(data)).decode(), "chain": who.chain}


def signature_parts(signature: Any) -> tuple[bytes, str]:
    """The value and the PEM chain of what stands there. Raises ValueError, KeyError or TypeError where it is none."""
    return b64decode(signature["value"], validate=True), str(signature["chain"])


def check_signature(data: bytes, signature: bytes, chain: str, root: str) -> None:
    """Raise `NotSigned` unless the signature is that of the first certificate of a PEM chain that leads to the root."""
    try:
        _check(check_chain(chain, root), signature, data)
    except ValueError as error:
        raise NotSigned(str(error)) from error
    except InvalidSignature as error:
        raise NotSigned("The signature does not fit the content: it was changed after it was signed.") from error


def check_chain(chain: str, root: str) -> PublicKey:
    """The signer's public key, if the PEM chain leads to the root. Raises ValueError that says what does not hold."""
    signer, *between = x509.load_pem_x509_certificates(chain.encode())
    authority = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    verifier = (
        PolicyBuilder()
        .store(Store(x509.load_pem_x509_certificates(root.encode())))
        .time(signer.not_valid_before_utc.replace(tzinfo=None))
        .extension_policies(ca_policy=authority, ee_policy=ExtensionPolicy.permit_all())
        .build_client_verifier()
    )
    try:
        verifier.verify(signer, between)
    except VerificationError as error:
        raise ValueError(f"The certificate chain does not lead to our root: {error}") from error
    public_key = signer.public_key()
    if isinstance(public_key, ed25519.Ed25519PublicKey):
        return public_key
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or public_key.curve.name not in CURVES:
        raise ValueError("The signer's certificate must be on the curve P-256 or P-384, or Ed25519.")
    return public_key
