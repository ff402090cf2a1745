"""The figures of the operator's page as gauges for Prometheus. Every label has few values, known beforehand."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from marketplace.health import queue_lengths
from payouts.operations import TaskState, beat_tasks, ledger_check, stages

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def exposition(at: datetime) -> bytes:
    """All gauges in Prometheus' text format, as of a time; a broker that is away costs its queues alone."""
    return generate_latest(_Figures(at))


class _Figures(Collector):
    """The families of one answer."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from _queues()
        yield from _stages()
        yield from _tasks(self.at)
        yield from _ledger()


def _queues() -> Iterator[GaugeMetricFamily]:
    lengths = queue_lengths()
    yield GaugeMetricFamily("tributary_broker_up", "Whether the broker answers.", value=lengths is not None)
    waiting = GaugeMetricFamily("tributary_queue_messages", "Messages that wait in a queue.", labels=["queue"])
    for queue, length in (lengths or {}).items():
        waiting.add_metric([queue], length or 0)
    yield waiting


def _stages() -> Iterator[GaugeMetricFamily]:
    waiting = GaugeMetricFamily("tributary_waiting", "Pieces of work that wait at a stage.", labels=["stage"])
    oldest = GaugeMetricFamily(
        "tributary_waiting_since_timestamp_seconds", "Since when the oldest waits, at a stage.", labels=["stage"]
    )
    for stage in stages():
        waiting.add_metric([stage.key], stage.waiting_count)
        if stage.oldest_at is not None:
            oldest.add_metric([stage.key], stage.oldest_at.timestamp())
    yield waiting
    yield oldest


def _tasks(at: datetime) -> Iterator[GaugeMetricFamily]:
    tasks = beat_tasks()
    counts = Counter(task.state(at) for task in tasks)
    by_state = GaugeMetricFamily("tributary_tasks", "Tasks by the clock, by how they went last.", labels=["state"])
    for state in TaskState:
        by_state.add_metric([state], counts[state])
    yield by_state
    ended = GaugeMetricFamily("tributary_task_ended_timestamp_seconds", "When a task ended last.", labels=["task"])
    for task in tasks:
        if task.last is not None:
            ended.add_metric([task.last.name], task.last.ended_at.timestamp())
    yield ended


def _ledger() -> Iterator[GaugeMetricFamily]:
    """Nothing where `check_ledger` never ran: an alert on its absence is the right one."""
    last = ledger_check()
    if last is not None:
        yield GaugeMetricFamily(
            "tributary_ledger_check_passed", "Whether the last check_ledger found nothing.", value=not last.problem
        )
        yield GaugeMetricFamily(
            "tributary_ledger_check_ended_timestamp_seconds",
            "When the last check_ledger ended.",
            value=last.ended_at.timestamp(),
        )
