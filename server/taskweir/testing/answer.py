"""What a recording handler got, and what it is to answer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from taskweir.testing.headers import Headers


@dataclass(frozen=True, slots=True)
class Request:
    """A request that came whole."""

    method: str
    target: str
    """Path and query as they came, such as `/mail?to=ada`."""
    headers: Headers
    body: bytes

    @property
    def path(self) -> str:
        """As it came, without the query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, list[str]]:
        """The query's parameters, decoded."""
        return parse_qs(self.target.partition("?")[2], keep_blank_values=True)

    def json(self) -> Any:  # noqa: ANN401 - as json.loads
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def task_id(self) -> str:
        """The task's id, the last part of its name; empty when no task's attempt made the request."""
        return self._of_task("TaskName")

    @property
    def queue_id(self) -> str:
        """The queue's id; empty when no task's attempt made the request."""
        return self._of_task("QueueName")

    @property
    def retry_count(self) -> int:
        """How many attempts there were before, 0 on the first."""
        return int(self._of_task("TaskRetryCount") or 0)

    def _of_task(self, name: str) -> str:
        """A header of tasks, which App Engine's have under another name."""
        return self.headers.get(f"X-CloudTasks-{name}") or self.headers.get(f"X-AppEngine-{name}") or ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers, after `delay` seconds of real time.

    With `hang`, only after it was released, or closed; with `drop`, the connection ends without an answer.
    """

    status: int = 200
    body: bytes | str = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0
    hang: bool = False
    drop: bool = False


Reply = int | tuple[int, bytes | str] | Answer
"""A status, a status and a body, or all there is to say."""

Scripted = Reply | Callable[[Request], Reply]
"""A reply, or what makes one of the request. What raises answers 500, with the error as the body."""


def answer_to(request: Request, scripted: Scripted) -> Answer:
    """The answer in full."""
    try:
        reply = scripted(request) if callable(scripted) else scripted
    except Exception as error:  # it is the test's code, and the attempt's record shows the error
        reply = (500, f"{type(error).__name__}: {error}")
    match reply:
        case Answer():
            return reply
        case (status, body):
            return Answer(status, body)
        case _:
            return Answer(reply)
