"""A deployment that is not set up says at start-up which variable is missing and what to do."""

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.checks import CheckMessage, Tags
from django.core.checks.registry import registry

from attribution import checks as attribution_checks
from attribution.models import Encoder, EncoderState
from attribution.recipes import find_recipe
from marketplace.checks import check_broker, check_task_limits
from payouts.checks import check_stripe_key
from tests.builders import JOINED_AT, make_encoder

ROOT = Path(__file__).resolve().parents[2]
COMPLETE = {
    "SECRET_KEY": "for this test",
    "DATABASE_URL": "postgresql:///nothing",
    "BROKER_URL": "redis://localhost:1/0",
    "DEPLOYMENT": "test",
}


def started(**environment: str) -> subprocess.CompletedProcess[str]:
    """Django set up in a process of its own, which has no variables but these."""
    return subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "marketplace.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("missing", COMPLETE)
def test_a_missing_variable_is_named_and_explained(missing: str) -> None:
    refused = started(**{name: value for name, value in COMPLETE.items() if name != missing})
    assert refused.returncode != 0
    assert f"ImproperlyConfigured: Set the environment variable {missing}: " in refused.stderr


@pytest.mark.parametrize("emptied", COMPLETE)
def test_an_empty_variable_counts_as_missing(emptied: str) -> None:
    refused = started(**COMPLETE | {emptied: ""})
    assert f"ImproperlyConfigured: Set the environment variable {emptied}: " in refused.stderr


def test_with_all_of_them_it_starts() -> None:
    begun = started(**COMPLETE)
    assert begun.returncode == 0, begun.stderr


def test_what_is_not_set_is_the_safe_choice() -> None:
    """A server of one's own starts without debug pages, over HTTPS only, and with the real encoder."""
    asked = "import django; django.setup(); from django.conf import settings as s; import json; print(json.dumps("
    asked += "[s.DEBUG, s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE, s.ENCODER_RECIPE, s.EMBEDDED_DATABASE]))"
    told = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "marketplace.settings", **COMPLETE},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(told.stdout) == [False, True, True, "vit-b-16", False]


def ids(messages: Any) -> list[str | None]:
    """The numbers of the messages, each of which says what to do."""
    listed: list[CheckMessage] = list(messages)
    assert all(message.hint for message in listed)
    return [message.id for message in listed]


def test_e002_a_task_that_may_outlive_the_visibility_timeout_is_refused(settings: LazySettings) -> None:
    assert ids(check_task_limits(None)) == []
    settings.CELERY_TASK_TIME_LIMIT = 900
    assert ids(check_task_limits(None)) == ["tributary.E002"]


def test_e003_a_broker_that_does_not_answer_is_named(settings: LazySettings, tmp_path: Path) -> None:
    assert ids(check_broker(None)) == []  # the embedded one of the tests
    settings.CELERY_BROKER_URL = f"redis+socket://{tmp_path / 'nobody-listens.sock'}"
    assert ids(check_broker(None)) == ["tributary.E003"]


class Answer:
    """A cursor that gives what a database server could say of pgvector."""

    def __init__(self, row: tuple[str] | None) -> None:
        self.row = row

    def execute(self, query: str) -> None:
        assert "pg_available_extensions" in query

    def fetchone(self) -> tuple[str] | None:
        return self.row


@pytest.mark.django_db
def test_the_tests_own_database_has_a_pgvector_that_is_new_enough() -> None:
    assert ids(attribution_checks.check_pgvector(None)) == []


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (None, ["tributary.E101"]),
        (("0.7.4",), ["tributary.E102"]),
        (("0.8.0",), []),
        (("0.10.1",), []),
        (("1.0",), []),
    ],
)
def test_e101_and_e102_a_database_without_pgvector_or_with_an_old_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, row: tuple[str] | None, expected: list[str]
) -> None:
    class Connection:
        def cursor(self) -> Any:
            return nullcontext(Answer(row))

    monkeypatch.setattr(attribution_checks, "connection", Connection())
    assert ids(attribution_checks.check_pgvector(None)) == expected


@pytest.mark.django_db
def test_e103_an_unknown_recipe_is_refused_with_the_names_of_those_there_are(settings: LazySettings) -> None:
    settings.ENCODER_RECIPE = "vit-b-23"
    messages = list(attribution_checks.check_encoder(None))
    assert ids(messages) == ["tributary.E103"]
    assert "vit-b-16" in messages[0].msg


@pytest.mark.django_db
def test_e103_a_recipe_whose_weights_are_not_there_is_refused(settings: LazySettings, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.json"
    recipe.write_text(json.dumps({"name": "mine", "model": "ViT-B-32", "checkpoint": "weights-that-are-not-there.pt"}))
    settings.ENCODER_RECIPE = str(recipe)
    messages = list(attribution_checks.check_encoder(None))
    assert ids(messages) == ["tributary.E103"]
    assert "weights-that-are-not-there.pt" in messages[0].msg


@pytest.mark.django_db
def test_e104_a_current_encoder_whose_files_are_not_on_this_machine_is_refused(settings: LazySettings) -> None:
    settings.DEBUG = True
    assert ids(attribution_checks.check_encoder(None)) == []
    make_encoder("an older one")
    messages = list(attribution_checks.check_encoder(None))
    assert ids(messages) == ["tributary.E104"]
    assert "an older one" in messages[0].msg


@pytest.mark.django_db
def test_an_encoder_whose_files_have_moved_is_found_where_the_setting_says(settings: LazySettings) -> None:
    settings.DEBUG = True
    Encoder.objects.filter(pk=_compact_encoder().pk).update(
        recipe={"name": "compact", "model": "tributary-compact", "checkpoint": "/an/older/release/weights.safetensors"}
    )
    assert ids(attribution_checks.check_encoder(None)) == []
    settings.ENCODER_RECIPE = "vit-b-16"
    assert ids(attribution_checks.check_encoder(None)) == ["tributary.E104"]


@pytest.mark.django_db
def test_w107_a_setting_that_names_another_encoder_than_the_current_one_is_said_to_change_nothing(
    settings: LazySettings,
) -> None:
    settings.DEBUG = True
    _compact_encoder()
    for other in ("vit-b-16", "no-such-recipe"):
        settings.ENCODER_RECIPE = other
        messages = list(attribution_checks.check_encoder(None))
        assert ids(messages) == ["tributary.W107"]
        assert other in messages[0].msg


@pytest.mark.django_db
def test_e106_a_recipe_that_does_not_take_the_mean_off_is_refused(settings: LazySettings) -> None:
    settings.ENCODER_RECIPE = "vit-b-16"
    messages = list(attribution_checks.check_encoder(None))
    assert ids(messages) == ["tributary.E106"]
    assert "fit_encoder" in str(messages[0].hint)


def _compact_encoder() -> Encoder:
    recipe = find_recipe("compact")
    return Encoder.objects.create(
        name=recipe.name,
        fingerprint=recipe.fingerprint,
        recipe=recipe.as_dict(),
        state=EncoderState.CURRENT,
        registered_at=JOINED_AT,
    )


@pytest.mark.django_db
def test_w105_the_compact_encoder_is_for_trying_things_out(settings: LazySettings) -> None:
    _compact_encoder()
    settings.DEBUG = False
    assert ids(attribution_checks.check_encoder(None)) == ["tributary.W105"]
    settings.DEBUG = True
    assert ids(attribution_checks.check_encoder(None)) == []


@pytest.mark.parametrize(
    ("debug", "key", "secret", "expected"),
    [
        (True, "sk_live_123", "", ["tributary.E201", "tributary.E202"]),
        (True, "rk_live_123", "whsec_1", ["tributary.E201"]),
        (True, "sk_test_123", "", []),
        (True, "", "", []),
        (False, "sk_live_123", "", ["tributary.E202"]),
        (False, "sk_live_123", "whsec_1", []),
        (False, "sk_test_123", "", []),
    ],
)
def test_e201_and_e202_a_live_stripe_key_needs_debug_off_and_a_webhook_secret(
    settings: LazySettings, debug: bool, key: str, secret: str, expected: list[str]
) -> None:
    settings.DEBUG, settings.STRIPE_API_KEY, settings.STRIPE_WEBHOOK_SECRET = debug, key, secret
    assert ids(check_stripe_key(None)) == expected


def test_every_check_is_run_by_manage_py_check() -> None:
    ours = {
        check_task_limits,
        check_broker,
        attribution_checks.check_pgvector,
        attribution_checks.check_encoder,
        attribution_checks.check_preview,
    }
    assert ours | {check_stripe_key} <= set(registry.get_checks())
    assert ours - {check_task_limits} <= {check for check in registry.get_checks() if Tags.database in check.tags}
