"""Tasks go to the configured broker, whichever thread sends them."""

from concurrent.futures import ThreadPoolExecutor

from celery import current_app
from django.conf import settings


def test_a_task_sent_from_any_thread_goes_to_the_configured_broker() -> None:
    with ThreadPoolExecutor(1) as another_thread:
        brokers = [current_app.conf.broker_url, another_thread.submit(lambda: current_app.conf.broker_url).result()]
    assert brokers == [settings.CELERY_BROKER_URL] * 2
