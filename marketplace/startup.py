"""What a web server does before it serves."""

from concurrent.futures import ThreadPoolExecutor

from django.core.management import call_command
from django.db import connections


def check_before_serving() -> None:
    """Run the start-up checks. Raises `CommandError`: a server does not start on a wrong database, broker or key."""
    # In a thread: some servers load us in their event loop, where Django refuses to ask the database.
    with ThreadPoolExecutor(1) as outside_any_loop:
        outside_any_loop.submit(_check).result()


def _check() -> None:
    try:
        call_command("check", databases=["default"])
    finally:
        connections.close_all()
