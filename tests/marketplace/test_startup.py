"""A web server does not start on settings that the checks refuse."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from marketplace.startup import check_before_serving

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_a_server_does_not_start_with_a_live_key_and_debug_on(server: str) -> None:
    live = {"DEBUG": "true", "STRIPE_API_KEY": "sk_live_abc", "STRIPE_API_BASE": ""}
    started = subprocess.run(
        [sys.executable, "-c", f"import marketplace.{server}"],
        cwd=ROOT,
        env=os.environ | live,
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode != 0
    assert "tributary.E201" in started.stderr


@pytest.mark.django_db
def test_a_server_may_load_the_application_in_its_event_loop() -> None:
    async def load() -> None:
        check_before_serving()

    asyncio.run(load())
