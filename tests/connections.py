"""Two database connections at once, as two workers have them."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection

BLOCKED_WITHIN_SECONDS = 10


def in_another_connection(act: Callable[[], object], failures: list[BaseException]) -> threading.Thread:
    """Start the act in a thread of its own; what the database refuses it is added to the failures."""

    def run() -> None:
        try:
            act()
        except DatabaseError as error:
            failures.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def wait_until_one_is_blocked() -> None:
    """Wait until a transaction waits for another's lock."""
    waited_until = time.monotonic() + BLOCKED_WITHIN_SECONDS
    while time.monotonic() < waited_until:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    pytest.fail("The second transaction did not wait for the first.")
