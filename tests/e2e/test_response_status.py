"""What GetTask tells of an attempt, whatever it was answered."""

from collections.abc import Sequence
from typing import Final

import pytest
from google.api_core.exceptions import NotFound
from google.cloud import tasks_v2

from taskweir.testing import Answer, Handler, Project

TABLE: Final = (
    (400, 3, "INVALID_ARGUMENT"),
    (401, 16, "UNAUTHENTICATED"),
    (403, 7, "PERMISSION_DENIED"),
    (404, 5, "NOT_FOUND"),
    (409, 6, "ALREADY_EXISTS"),
    (429, 8, "RESOURCE_EXHAUSTED"),
    (499, 1, "CANCELLED"),
    (500, 13, "INTERNAL"),
    (501, 12, "UNIMPLEMENTED"),
    (502, 13, "INTERNAL"),
    (503, 14, "UNAVAILABLE"),
    (504, 4, "DEADLINE_EXCEEDED"),
    # All others.
    *((status, 2, "UNKNOWN") for status in (300, 301, 302, 304, 307, 402, 405, 410, 418, 422, 505, 599)),
)
SUCCESSES: Final = (200, 201, 202, 204, 206, 299)
DROP: Final = Answer(drop=True)


def attempted(
    project: Project, client: tasks_v2.CloudTasksClient, handler: Handler, answers: Sequence[int | Answer]
) -> list[str]:
    """Names of tasks that had one attempt each, with these answers. Each is in a queue of its own, which is slowed down
    by no other's failures."""
    names = []
    for number, answer in enumerate(answers):
        queue, path = project.queue(f"q{number}"), f"/{number}"
        handler.answers(answer, path=path)
        task = {"name": f"{queue}/tasks/t", "http_request": {"url": handler.url(path)}}
        names.append(client.create_task(parent=queue, task=task).name)
    project.wait_idle()
    return names


@pytest.mark.taskweir_clock
def test_a_failed_attempt_s_status_is_told_by_the_table(
    taskweir: Project, taskweir_client: tasks_v2.CloudTasksClient, taskweir_handler: Handler
) -> None:
    """Code and message; no answer at all is a status of 0."""
    answers = [*(status for status, _, _ in TABLE), DROP]
    names = attempted(taskweir, taskweir_client, taskweir_handler, answers)
    for name, (status, code, word) in zip(names, [*TABLE, (0, 2, "UNKNOWN")], strict=True):
        task = taskweir_client.get_task(name=name)
        told = task.last_attempt.response_status
        assert (told.code, told.message) == (code, f"{word}({code}): HTTP status code {status}")
        assert (task.dispatch_count, task.response_count) == (1, int(status != 0))
        assert task.last_attempt.response_time


@pytest.mark.taskweir_clock
def test_any_2xx_is_the_end_of_a_task(
    taskweir: Project, taskweir_client: tasks_v2.CloudTasksClient, taskweir_handler: Handler
) -> None:
    """It is told of as one that existed."""
    for name in attempted(taskweir, taskweir_client, taskweir_handler, SUCCESSES):
        with pytest.raises(NotFound, match="existed recently"):
            taskweir_client.get_task(name=name)
