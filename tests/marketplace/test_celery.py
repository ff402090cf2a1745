"""Tasks go to the configured broker, whichever thread sends them, or are soon given up."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from celery import current_app
from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError

LONGEST_WAIT_SECONDS = 20  # of somebody who pressed a button; the web server gives up after 30


def test_a_task_sent_from_any_thread_goes_to_the_configured_broker() -> None:
    with ThreadPoolExecutor(1) as another_thread:
        brokers = [current_app.conf.broker_url, another_thread.submit(lambda: current_app.conf.broker_url).result()]
    assert brokers == [settings.CELERY_BROKER_URL] * 2


def test_a_broker_that_says_nothing_is_given_up() -> None:
    assert settings.CELERY_BROKER_TRANSPORT_OPTIONS["socket_timeout"] < LONGEST_WAIT_SECONDS
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS | {"socket_timeout": 0.1}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        with Connection(address, transport_options=options) as broker, pytest.raises(OperationalError):
            current_app.send_task("marketplace.tasks.make_generations", connection=broker)
