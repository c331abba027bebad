"""A clock that is moved and one that goes by itself: the same laws, the same attempts."""

import itertools
from collections.abc import Iterator
from datetime import timedelta

import pytest
from google.cloud import tasks_v2
from tests.scenarios.law import Retry

from taskweir.testing import Attempt, Handler, Project

DEFAULT = Retry(
    max_attempts=100, max_duration=0, min_backoff=100_000, max_backoff=3_600_000_000, max_doublings=16
)


@pytest.mark.taskweir_clock
def test_the_whole_default_retry_law(
    taskweir: Project, taskweir_client: tasks_v2.CloudTasksClient, taskweir_handler: Handler
) -> None:
    """A hundred attempts, up to an hour apart: each at its microsecond, with the headers that production sends."""
    queue = taskweir.queue("q")
    taskweir_handler.answers(*itertools.repeat(503, 100))
    created = taskweir.clock.now()
    request = {"url": taskweir_handler.url("/")}
    name = taskweir_client.create_task(
        parent=queue, task={"name": f"{queue}/tasks/t", "http_request": request}
    ).name
    taskweir.clock.advance(days=5)
    attempts = taskweir.attempts(name)
    assert len(attempts) == len(taskweir_handler.requests) == 100
    waits = [timedelta(microseconds=wait) for wait in itertools.islice(DEFAULT.waits(), 100)]
    due = created
    for number, (attempt, wait) in enumerate(zip(attempts, waits, strict=True), start=1):
        assert attempt.number == number
        assert attempt.schedule_time == attempt.dispatch_time == due
        assert_headers(attempt, taskweir_handler, number)
        due += wait
        assert attempt.retry_time == (due if number < 100 else None)
    (finished,) = taskweir.finished_tasks(name)
    assert (finished.ending, finished.dispatch_count) == ("OUT_OF_ATTEMPTS", 100)
    assert finished.finish_time == attempts[-1].response_time


def assert_headers(attempt: Attempt, handler: Handler, number: int) -> None:
    """Of the request as it came, and as the history has it."""
    sent = {
        "QueueName": "q",
        "TaskName": "t",
        "TaskRetryCount": str(number - 1),
        "TaskExecutionCount": "0",
        "TaskETA": f"{attempt.schedule_time.timestamp():.6f}".rstrip("0").rstrip("."),
    }
    if number > 1:
        sent |= {"TaskPreviousResponse": "503", "TaskRetryReason": ""}
    came = handler.requests[number - 1].headers
    for headers in (came, attempt.headers):
        of_the_service = {
            name.lower(): value for name, value in headers.items() if name.lower().startswith("x-cloudtasks-")
        }
        eta = of_the_service["x-cloudtasks-tasketa"]
        of_the_service["x-cloudtasks-tasketa"] = eta.rstrip("0").rstrip(".") if "." in eta else eta
        assert of_the_service == {f"x-cloudtasks-{name}".lower(): value for name, value in sent.items()}


SCENARIO = {"a": (0, [503, 500, 200]), "b": (0.5, [404, 200]), "c": (2.5, [500, 500, 500])}
"""Seconds from the start at which a task is scheduled, and what it is answered. All that happens is half a second
apart, so that a slow machine mixes up nothing."""


@pytest.mark.real_time
def test_a_scenario_goes_the_same_way_in_frozen_and_in_real_time(
    taskweir: Project, taskweir_client: tasks_v2.CloudTasksClient, taskweir_handler: Handler
) -> None:
    """The same attempts in the same order, with the same answers and the same ends."""
    taskweir.clock.freeze()
    enqueue(taskweir, taskweir_client, taskweir_handler, "frozen")
    taskweir.clock.advance(minutes=1)
    frozen = story(taskweir.attempts())
    taskweir.reset()

    taskweir.clock.resume()
    ends = taskweir.watch_finished_tasks()
    enqueue(taskweir, taskweir_client, taskweir_handler, "real")
    for _ in SCENARIO:
        next(ends)
    assert story(taskweir.attempts()) == frozen
    assert [what for what, *_ in frozen] == ["a1", "b1", "a2", "b2", "c1", "a3", "c2", "c3"]


def enqueue(taskweir: Project, client: tasks_v2.CloudTasksClient, handler: Handler, queue_id: str) -> None:
    retry = {"max_attempts": 3, "min_backoff": timedelta(seconds=1), "max_doublings": 16}
    queue = taskweir.queue(queue_id, retry_config=retry)
    start = taskweir.clock.now()
    for task_id, (after, answers) in SCENARIO.items():
        path = f"/{queue_id}/{task_id}"
        handler.answers(*answers, path=path)
        task = {
            "name": f"{queue}/tasks/{task_id}",
            "http_request": {"url": handler.url(path)},
            "schedule_time": start + timedelta(seconds=after),
        }
        client.create_task(parent=queue, task=task)


def story(attempts: list[Attempt]) -> list[tuple[str, int | None, str | None]]:
    def told() -> Iterator[tuple[str, int | None, str | None]]:
        for attempt in attempts:
            yield f"{attempt.task_id}{attempt.number}", attempt.status, attempt.ending

    return list(told())
