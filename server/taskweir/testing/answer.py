"""What a recording handler got, and what it is to answer."""

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qs

from taskweir.testing.headers import Headers
from taskweir.testing.times import Span, as_timedelta

_LINE: Final = re.compile(r"[^\r\n\u0100-\U0010ffff]*")
_WITHOUT_BODY: Final = (204, 304)
_NOT_ASYNCHRONOUS: Final = "a script runs in the handler's thread, on no loop: it must be a plain function"


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
    """What a handler answers, after `delay` of real time.

    With `hang`, only after it was released, or closed; with `drop`, the connection ends without an answer. Raises
    TypeError or ValueError for what can't be sent: a status is from 200 to 599, and 204 and 304 have no body.
    """

    status: int = 200
    body: bytes | str = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: Span = 0
    hang: bool = False
    drop: bool = False

    def __post_init__(self) -> None:
        if not _is_status(self.status):
            raise _refused("status", "a whole number from 200 to 599", self.status)
        if not isinstance(self.body, bytes | str):
            raise _refused("body", "bytes or text", self.body)
        if self.body and self.status in _WITHOUT_BODY:
            raise ValueError(f"an answer of {self.status} has no body")
        for name, value in self.headers.items():
            if not _is_header(name, value):
                raise ValueError(f"a header is a line of Latin-1 text, not {name!r}: {value!r}")
        if as_timedelta(self.delay) < timedelta():
            raise ValueError(f"an answer's delay is not below 0, as is {self.delay!r}")


Reply = int | tuple[int, bytes | str] | Answer
"""A status, a status and a body, or all there is to say."""

Scripted = Reply | Callable[[Request], Reply]
"""A reply, or a function that makes one of the request. Where it raises, or gives no reply, the answer is 500 with the
reason as its body, and `Handler.errors` has it."""


def checked(scripted: Scripted) -> Scripted:
    """As it came. Raises TypeError or ValueError where it can be seen to be no reply, nor to give one."""
    if not callable(scripted):
        _in_full(scripted)
    elif inspect.iscoroutinefunction(scripted):
        raise TypeError(_NOT_ASYNCHRONOUS)
    return scripted


def answer_to(request: Request, scripted: Scripted) -> Answer:
    """The answer in full. Raises what the script raises, and TypeError or ValueError where it gives no reply."""
    reply: Any = scripted(request) if callable(scripted) else scripted
    if inspect.iscoroutine(reply):
        reply.close()
        raise TypeError(_NOT_ASYNCHRONOUS)
    return _in_full(reply)


def _in_full(reply: Reply) -> Answer:
    match reply:
        case Answer():
            return reply
        case (status, body):
            return Answer(status, body)
        case _:
            return Answer(reply)


def _is_status(status: object) -> bool:
    return isinstance(status, int) and not isinstance(status, bool) and 200 <= status <= 599


def _is_header(*texts: object) -> bool:
    """Whether name and value can stand in a line of the head."""
    return all(isinstance(text, str) and _LINE.fullmatch(text) for text in texts)


def _refused(what: str, must_be: str, came: object) -> TypeError | ValueError:
    kind = ValueError if isinstance(came, int) and not isinstance(came, bool) else TypeError
    return kind(f"an answer's {what} is {must_be}, not {came!r}")
