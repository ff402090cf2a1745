"""The schema is true: it is valid, nothing in it was guessed, and the application answers as it says."""

from collections.abc import Iterator
from io import StringIO
from itertools import count
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from rest_framework.throttling import SimpleRateThrottle
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from attribution.models import NearDuplicate
from marketplace.models import (
    Asset,
    Contributor,
    Customer,
    Download,
    Generation,
    GeneratorModel,
    Submission,
    User,
)
from payouts import tasks
from payouts.models import PayoutRun
from payouts.runs import draft_payout_run
from tests.api.asking import Asker
from tests.builders import (
    CLOSED_AT,
    link_copy,
    make_asset,
    make_attributed_downloads,
    make_closed_month,
    make_contributor,
    submit,
)

SCHEMA = "/api/v1/schema/?format=json"
EXAMPLES = 8
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_the_schema_is_valid_and_nothing_in_it_had_to_be_guessed(db: None) -> None:
    out = StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out)
    assert "openapi: 3.0.3" in out.getvalue()


def test_the_documentation_is_for_everybody_and_needs_nothing_from_elsewhere(client: Client, db: None) -> None:
    page = client.get("/api/v1/docs/").content.decode()
    script = client.get("/api/v1/docs/?script=")
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert "SwaggerUIBundle({" in script.content.decode()
    assert "<style" not in page
    assert "<script>" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert client.get(SCHEMA).json()["info"]["title"] == "Tributary"


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """Requests from outside Django's own client would close the connection that holds the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def asker(ana: Contributor, carla: Customer, fay: User, finn: User, monkeypatch: pytest.MonkeyPatch) -> Asker:
    """Somebody who is a contributor, a customer, a partner and finance, of whom there is one of everything."""
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {"token": None, "anon": None})
    monkeypatch.setattr(tasks.send_payout_run, "delay", lambda run_id: None)  # the edge to the broker
    assert ana.user is not None
    make_attributed_downloads([ana, make_contributor("Ben")], carla)
    make_closed_month(fay, finn)
    draft_payout_run(fay, CLOSED_AT)
    ana.user.groups.set(fay.groups.all())
    Customer.objects.filter(pk=carla.pk).update(user=ana.user)
    GeneratorModel.objects.update(partner=ana.user)
    submit(ana, b"not a picture")
    link_copy(make_asset(ana), make_asset(ana), CLOSED_AT)
    return Asker(ana)


@pytest.mark.usefixtures("_one_connection")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its client closes no files
def test_whatever_is_asked_the_application_answers_as_the_schema_says(asker: Asker) -> None:
    schema = schemathesis.openapi.from_wsgi(SCHEMA, get_wsgi_application())
    numbers = count()
    headers = {"Authorization": f"Bearer {asker.secret}"}
    there = {"id": [str(pk) for pk in _ids()], "month": ["2026-10"], "run_id": [str(PayoutRun.objects.get().pk)]}
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) > 50
    for operation in operations:

        @examples(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
        @given(case=operation.as_strategy(), data=st.data())
        def answers_as_it_says(case: schemathesis.Case[Any], data: st.DataObject) -> None:
            for name in case.path_parameters:
                if name in there and data.draw(st.booleans()):  # otherwise hardly anything that is asked for is there
                    case.path_parameters[name] = data.draw(st.sampled_from(there[name]))
            if "Idempotency-Key" in case.headers and data.draw(st.booleans()):  # otherwise it is an old one again
                case.headers["Idempotency-Key"] = str(next(numbers))
            case.call_and_validate(headers=headers, checks=CHECKS)

        answers_as_it_says()


def _ids() -> set[int]:
    models = (Submission, Asset, Generation, Download, PayoutRun, NearDuplicate, GeneratorModel)
    return {pk for model in models for pk in model._default_manager.values_list("pk", flat=True)}
