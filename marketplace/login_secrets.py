"""Secrets of second factors, encrypted where they are stored: who reads the database alone cannot log in by them."""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

KEY_BYTES = 32
SECRETS = ("secret", "seed")
"""How allauth names what an authenticator app and the recovery codes are made of."""


class OtherSecretKey(RuntimeError):
    """A secret was encrypted under a `SECRET_KEY` that is not known here; the message says what to do."""


class SecretsAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """What allauth calls with each secret that it stores and reads."""

    def encrypt(self, text: str) -> str:
        """Under today's `SECRET_KEY`."""
        return keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Under today's, or one of `SECRET_KEY_FALLBACKS`. Raises `OtherSecretKey`."""
        return _known(keys().decrypt, encrypted_text)


def encrypt_anew(encrypted_text: str) -> str:
    """The same secret under today's `SECRET_KEY`. Raises `OtherSecretKey`."""
    return _known(keys().rotate, encrypted_text)


def change_secrets(authenticators: Iterable[Any], change: Callable[[str], str]) -> None:
    """Store each secret of second factors as `change` makes it."""
    for one in authenticators:
        one.data |= {name: change(one.data[name]) for name in SECRETS if name in one.data}
        one.save(update_fields=["data"])


def keys() -> MultiFernet:
    """The keys that are derived from the secret keys: the first encrypts, all decrypt."""
    return MultiFernet([Fernet(_derived(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _derived(secret_key: str) -> bytes:
    """By HKDF (RFC 5869), so that nothing else that is made of the secret key has the same key."""
    derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"secrets of second factors").derive(secret_key.encode())
    return urlsafe_b64encode(derived)


def _known(act: Callable[[bytes], bytes], encrypted_text: str) -> str:
    try:
        return act(encrypted_text.encode()).decode()
    except InvalidToken as error:
        raise OtherSecretKey(
            "A second factor was stored under another SECRET_KEY: put that one into SECRET_KEY_FALLBACKS."
        ) from error
