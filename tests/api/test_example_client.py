"""The example client does what it says, against a real server, as a program of its own."""

import subprocess
import sys
from decimal import Decimal

import pytest
from pytest_django.live_server_helper import LiveServer

from marketplace.api import example_client
from marketplace.api.example_client import Api, ApiProblem
from marketplace.core.scopes import Scope
from marketplace.models import Contributor, Customer, User
from payouts.models import Statement, StatementRoot
from tests.api.asking import Asker
from tests.builders import make_attributed_downloads, make_closed_month


@pytest.mark.django_db(transaction=True)
def test_the_example_tells_of_the_newest_month_and_gets_its_statement(
    live_server: LiveServer, ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User
) -> None:
    make_attributed_downloads([ana, ben], carla)
    make_closed_month(fay, finn)
    secret = Asker(ana).secret
    ran = subprocess.run(
        [sys.executable, "-I", example_client.__file__, live_server.url, secret],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    first, *downloads, last = ran.stdout.splitlines()
    assert first == f"2026-10: {Decimal(Statement.objects.get(contributor=ana).earned_micro) / 1_000_000} USD"
    assert len(downloads) == 3
    assert all("A picture by Ana" in line for line in downloads)
    assert StatementRoot.objects.get().root_sha256 in last
    asset, api = ana.assets.get(), Api(live_server.url, secret)
    for _ in range(2):
        api.set_consent(asset.pk, granted=False, key="one")
    assert asset.consents.count() == 2
    with pytest.raises(ApiProblem, match="statements:read") as refused:
        Api(live_server.url, Asker(ana, Scope.ASSETS_READ).secret).statement("2026-10")
    assert refused.value.status == 403
