"""How long each page takes on the demo's data, beside a bare Django view in the same run.

python -m tests.bench.bench_pages
"""

import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
LOGINS = ("contributor", "customer", "finance", "reviewer")
WITH_SECOND_FACTOR = ("finance", "reviewer")
TIMES = 40
BARE = "/bare/"


def main() -> None:
    """Fill a database with the demo, and print a row for each kind of page that each login reaches."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"TRIBUTARY_DATA": folder, "ENCODER_RECIPE": "compact"}
        subprocess.run([sys.executable, "manage.py", "demo"], cwd=REPOSITORY, stdout=subprocess.DEVNULL, check=True)
        os.environ["DJANGO_SETTINGS_MODULE"] = "marketplace.settings"
        from marketplace.embedded import parts

        with parts():
            _measure()


def _measure() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext, setup_test_environment

    from marketplace.logins import give_second_factor
    from marketplace.models import User
    from tests.crawling import pages

    logging.disable(logging.CRITICAL)  # of pages that ask for the password again
    setup_test_environment()
    settings.DEBUG = False
    settings.ROOT_URLCONF = "tests.bench.bare_urls"
    nobody = Client()
    nobody.get(BARE)  # which builds the handler
    bare_p50, bare_p95 = _times(lambda: nobody.get(BARE))
    print(f"\n| page | login | queries | p50 ms | p95 ms | of a bare view's p95 ({bare_p95:.1f} ms) |")
    print("|---|---|---|---|---|---|")
    print(f"| a bare view | | 0 | {bare_p50:.1f} | {bare_p95:.1f} | 1 |")
    for login in LOGINS:
        client, user = Client(), User.objects.get(username=login)
        if login in WITH_SECOND_FACTOR:
            give_second_factor(user)
        client.force_login(user)

        def html_of(path: str, client: Client = client) -> str:
            response = client.get(path, follow=True)
            return response.content.decode() if response.status_code == 200 and not response.streaming else ""

        for name, path in list(pages(html_of)):
            with CaptureQueriesContext(connection) as captured:
                client.get(path)
            queries = len(captured)  # before the next request forgets them
            p50, p95 = _times(lambda path=path, client=client: client.get(path))  # type: ignore[misc]
            print(f"| {name} | {login} | {queries} | {p50:.1f} | {p95:.1f} | {p95 / bare_p95:.0f} |")


def _times(act: Callable[[], object]) -> tuple[float, float]:
    """Median and 95th percentile of the time that it takes, in milliseconds."""
    spent = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        act()
        spent.append((time.perf_counter() - begun) * 1000)
    return statistics.median(spent), statistics.quantiles(spent, n=20)[-1]


if __name__ == "__main__":
    main()
