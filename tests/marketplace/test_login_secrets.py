"""Who reads the database alone cannot log in: secrets of second factors are encrypted under the secret key."""

import importlib
import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.test import Client

from marketplace.login_secrets import OtherSecretKey, SecretsAdapter, keys
from marketplace.logins import give_second_factor
from marketplace.models import User
from tests.builders import make_user
from tests.marketplace.test_logins import CODE, current_code, log_in

MIGRATION = "marketplace.migrations.0018_reports_and_secrets"


@pytest.fixture
def fay(db: None) -> User:
    return make_user("fay", "finance", has_second_factor=False)


def stored() -> dict[str, Any]:
    return {one.type: one.data for one in Authenticator.objects.all()}


def test_neither_secret_nor_seed_is_readable_in_the_database_and_both_let_in(client: Client, fay: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(fay, secret)
    codes = RecoveryCodes.activate(fay).get_unused_codes()
    data = stored()
    assert secret not in json.dumps(data)
    assert keys().decrypt(data["totp"]["secret"]).decode() == secret
    assert RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).generate_codes() == codes
    with pytest.raises(ValueError, match=r"."):  # no seed of hexadecimal digits stands there
        bytes.fromhex(data["recovery_codes"]["seed"])
    for code in (current_code(secret), codes[0]):
        client.logout()
        log_in(client, "fay")
        assert client.post(CODE, {"code": code}).status_code == 302
        assert client.get("/finance/ledger/").status_code == 200


def test_the_demo_still_tells_codes_that_let_in(client: Client, fay: User) -> None:
    code = give_second_factor(fay)[3]
    log_in(client, "fay")
    client.post(CODE, {"code": code})
    assert client.get("/finance/ledger/").status_code == 200


def test_a_new_secret_key_reads_the_older_ones_secrets_until_they_are_encrypted_anew(
    fay: User, settings: LazySettings
) -> None:
    codes = give_second_factor(fay)
    older = settings.SECRET_KEY
    settings.SECRET_KEY = "another long random string"
    of_fay = RecoveryCodes(Authenticator.objects.get(type="recovery_codes"))
    with pytest.raises(OtherSecretKey, match="put that one into SECRET_KEY_FALLBACKS"):
        of_fay.generate_codes()
    before = stored()
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("encrypt_secrets")
    assert stored() == before

    settings.SECRET_KEY_FALLBACKS = [older]
    assert of_fay.generate_codes() == codes
    call_command("encrypt_secrets")
    settings.SECRET_KEY_FALLBACKS = []
    assert RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).generate_codes() == codes


def test_secrets_from_before_are_encrypted_once_and_let_in_as_before(fay: User) -> None:
    codes = give_second_factor(fay)
    encrypted = stored()
    migration = importlib.import_module(MIGRATION)
    migration.decrypt(apps, None)
    plain = stored()
    assert plain["recovery_codes"]["seed"] == SecretsAdapter().decrypt(encrypted["recovery_codes"]["seed"])
    migration.encrypt(apps, None)
    assert stored()["totp"] != plain["totp"]
    assert stored()["recovery_codes"].keys() == plain["recovery_codes"].keys()
    assert RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).generate_codes() == codes
