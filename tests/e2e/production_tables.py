"""What a target receives from production, as tables: a row is a header, a column an attempt.

The rows are complete: a request has no other headers. Recorded from the live service (2026); what the recording does
not show is documented, and marked so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

HANGS: Final = "hangs"
"""No answer: the dispatch deadline passes."""
ENDS: Final = "ends"
"""No answer: the target closes the connection."""

ETA: Final = "{seconds of the schedule time, with fraction}"
HOST: Final = "{host of the URL}"

Cell = str | None
"""None: the header is absent."""


@dataclass(frozen=True)
class Table:
    """Attempts of a POST task with the body `hello`, named t, in the queue q of the project p. `answers` are what they
    get: a status, HANGS or ENDS. A row of one text is the same in each column."""

    what: str
    kind: Literal["http", "app engine"]
    answers: Sequence[int | str]
    rows: Mapping[str, str | Sequence[Cell]]

    def column(self, number: int) -> dict[str, str]:
        """The headers of an attempt, from 0."""
        cells = {name: row if isinstance(row, str) else row[number] for name, row in self.rows.items()}
        return {name: cell for name, cell in cells.items() if cell is not None}


_HTTP: Final = {
    "Host": HOST,
    "User-Agent": "Google-Cloud-Tasks",
    "Content-Length": "5",
    "X-CloudTasks-QueueName": "q",
    "X-CloudTasks-TaskName": "t",
    "X-CloudTasks-TaskETA": ETA,
}
_APP_ENGINE: Final = {
    "Host": "p.appspot.com",
    "User-Agent": "AppEngine-Google; (+http://code.google.com/appengine)",
    "Content-Length": "5",
    "Content-Type": "application/octet-stream",
    "X-AppEngine-QueueName": "q",
    "X-AppEngine-TaskName": "t",
    "X-AppEngine-TaskETA": ETA,
}

TABLES: Final = (
    Table(
        "HTTP target, 503, 404, 200",
        "http",
        (503, 404, 200),
        {
            **_HTTP,
            "X-CloudTasks-TaskRetryCount": ("0", "1", "2"),
            "X-CloudTasks-TaskExecutionCount": ("0", "0", "1"),
            "X-CloudTasks-TaskPreviousResponse": (None, "503", "404"),
            "X-CloudTasks-TaskRetryReason": (None, "", ""),
        },
    ),
    Table(
        "HTTP target, a timeout",
        "http",
        (HANGS, 200),
        {
            **_HTTP,
            "X-CloudTasks-TaskRetryCount": ("0", "1"),
            "X-CloudTasks-TaskExecutionCount": ("0", "0"),
            "X-CloudTasks-TaskPreviousResponse": (None, "504"),
            "X-CloudTasks-TaskRetryReason": (None, ""),
        },
    ),
    Table(
        "HTTP target, no answer (documented)",
        "http",
        (ENDS, 200),
        {
            **_HTTP,
            "X-CloudTasks-TaskRetryCount": ("0", "1"),
            "X-CloudTasks-TaskExecutionCount": ("0", "0"),
            "X-CloudTasks-TaskPreviousResponse": (None, "504"),
            "X-CloudTasks-TaskRetryReason": (None, ""),
        },
    ),
    Table(
        "HTTP target, every kind of failure",
        "http",
        (503, 404, 429, 500, 302, 200),
        {
            **_HTTP,
            "X-CloudTasks-TaskRetryCount": ("0", "1", "2", "3", "4", "5"),
            "X-CloudTasks-TaskExecutionCount": ("0", "0", "1", "2", "2", "3"),
            "X-CloudTasks-TaskPreviousResponse": (None, "503", "404", "429", "500", "302"),
            "X-CloudTasks-TaskRetryReason": (None, "", "", "", "", ""),
        },
    ),
    Table(
        "App Engine target, 503, 404, 200",
        "app engine",
        (503, 404, 200),
        {
            **_APP_ENGINE,
            "X-AppEngine-TaskRetryCount": ("0", "1", "2"),
            "X-AppEngine-TaskExecutionCount": ("0", "1", "2"),
            "X-AppEngine-TaskPreviousResponse": (None, "503", "404"),
            "X-AppEngine-TaskRetryReason": (None, "App Error", "App Error"),
        },
    ),
    Table(
        "App Engine target, a timeout",
        "app engine",
        (HANGS, 503, 200),
        {
            **_APP_ENGINE,
            "X-AppEngine-TaskRetryCount": ("0", "1", "2"),
            "X-AppEngine-TaskExecutionCount": ("0", "0", "1"),
            "X-AppEngine-TaskPreviousResponse": (None, "0", "503"),
            "X-AppEngine-TaskRetryReason": (None, "Instance Unavailable", "App Error"),
        },
    ),
    Table(
        "App Engine target, every kind of failure",
        "app engine",
        (503, 404, 429, 500, 302, 200),
        {
            **_APP_ENGINE,
            "X-AppEngine-TaskRetryCount": ("0", "1", "2", "3", "4", "5"),
            "X-AppEngine-TaskExecutionCount": ("0", "1", "2", "3", "4", "5"),
            "X-AppEngine-TaskPreviousResponse": (None, "503", "404", "429", "500", "302"),
            "X-AppEngine-TaskRetryReason": (None, *["App Error"] * 5),
        },
    ),
)

# The first request of a task, byte for byte but for the order of its headers: the task, and the lines that it makes.
_OF_HTTP: Final = (
    f"Host: {HOST}",
    "User-Agent: Google-Cloud-Tasks",
    "X-CloudTasks-QueueName: q",
    "X-CloudTasks-TaskName: t",
    "X-CloudTasks-TaskRetryCount: 0",
    "X-CloudTasks-TaskExecutionCount: 0",
    f"X-CloudTasks-TaskETA: {ETA}",
)
_OF_APP_ENGINE: Final = (
    "Host: p.appspot.com",
    "X-AppEngine-QueueName: q",
    "X-AppEngine-TaskName: t",
    "X-AppEngine-TaskRetryCount: 0",
    "X-AppEngine-TaskExecutionCount: 0",
    f"X-AppEngine-TaskETA: {ETA}",
)
_AGENT: Final = "User-Agent: AppEngine-Google; (+http://code.google.com/appengine)"


@dataclass(frozen=True)
class Bytes:
    """A task's request as the API takes it, and what arrives."""

    what: str
    request: Mapping[str, object]
    line: str
    headers: Sequence[str]
    body: bytes = b""

    @property
    def kind(self) -> str:
        return "app engine" if "relative_uri" in self.request else "http"


WIRE: Final = (
    Bytes("a POST without a body", {}, "POST / HTTP/1.1", (*_OF_HTTP, "Content-Length: 0")),
    Bytes(
        "a POST with a body",
        {"body": b"hello"},
        "POST / HTTP/1.1",
        (*_OF_HTTP, "Content-Length: 5"),
        b"hello",
    ),
    Bytes(
        "a PUT with headers in mixed case",
        {"http_method": "PUT", "body": b"{}", "headers": {"content-type": "a/b", "X-mIXED": "ü", "x-e": ""}},
        "PUT / HTTP/1.1",
        (*_OF_HTTP, "Content-Length: 2", "content-type: a/b", "X-mIXED: ü", "x-e:"),
        b"{}",
    ),
    *(
        Bytes(f"a {method}", {"http_method": method}, f"{method} / HTTP/1.1", _OF_HTTP)
        for method in ("GET", "HEAD", "DELETE", "OPTIONS")
    ),
    Bytes("a PATCH", {"http_method": "PATCH"}, "PATCH / HTTP/1.1", (*_OF_HTTP, "Content-Length: 0")),
    Bytes(
        "headers that are the service's (documented)",
        {
            "headers": {
                "Host": "elsewhere",
                "content-length": "7",
                "user-agent": "mine",
                "X-Google-A": "x",
                "x-appengine-b": "x",
                "X-CLOUDTASKS-TaskName": "x",
                "Expect": "100-continue",
                "Connection": "close",
                "Transfer-Encoding": "chunked",
            }
        },
        "POST / HTTP/1.1",
        (*_OF_HTTP, "Content-Length: 0"),
    ),
    Bytes(
        "an App Engine POST without a body",
        {"relative_uri": "/"},
        "POST / HTTP/1.1",
        (*_OF_APP_ENGINE, _AGENT, "Content-Length: 0"),
    ),
    Bytes(
        "an App Engine POST with a body",
        {"relative_uri": "/work?a=b%20c", "body": b"hello"},
        "POST /work?a=b%20c HTTP/1.1",
        (*_OF_APP_ENGINE, _AGENT, "Content-Length: 5", "Content-Type: application/octet-stream"),
        b"hello",
    ),
    Bytes(
        "an App Engine PUT with headers of its own",
        {
            "relative_uri": "/",
            "http_method": "PUT",
            "body": b"{}",
            "headers": {"content-type": "a/b", "User-Agent": "mine/1", "host": "x", "X-Google-A": "x"},
        },
        "PUT / HTTP/1.1",
        (
            *_OF_APP_ENGINE,
            "User-Agent: mine/1 AppEngine-Google; (+http://code.google.com/appengine)",
            "Content-Length: 2",
            "content-type: a/b",
        ),
        b"{}",
    ),
    *(
        Bytes(
            f"an App Engine {method}",
            {"relative_uri": "/", "http_method": method},
            f"{method} / HTTP/1.1",
            (*_OF_APP_ENGINE, _AGENT),
        )
        for method in ("GET", "HEAD", "DELETE")
    ),
)


@dataclass(frozen=True)
class Echo:
    """The headers given to a created task, and all that it shows."""

    what: str
    request: Mapping[str, object]
    headers: Mapping[str, str]


_HTTP_AGENT: Final = {"User-Agent": "Google-Cloud-Tasks"}
_APP_ENGINE_AGENT: Final = {"User-Agent": "AppEngine-Google; (+http://code.google.com/appengine)"}
_MIXED: Final = {"X-mIXED-case": "kept"}

ECHOES: Final = (
    Echo(
        "an HTTP task",
        {"url": "http://127.0.0.1:9/", "body": b"hello", "headers": _MIXED},
        {**_MIXED, **_HTTP_AGENT},
    ),
    Echo(
        "an HTTP task with a content type",
        {"url": "http://127.0.0.1:9/", "body": b"hello", "headers": {"content-type": "a/b"}},
        {"content-type": "a/b", **_HTTP_AGENT},
    ),
    Echo(
        "an App Engine task with a body",
        {"relative_uri": "/", "body": b"hello", "headers": _MIXED},
        {
            **_MIXED,
            **_APP_ENGINE_AGENT,
            "Content-Length": "5",
            "Content-Type": "application/octet-stream",
        },
    ),
    Echo(
        "an App Engine task with a content type",
        {"relative_uri": "/", "body": b"hello", "headers": {"content-type": "a/b"}},
        {"content-type": "a/b", **_APP_ENGINE_AGENT, "Content-Length": "5"},
    ),
    Echo("an App Engine task without a body", {"relative_uri": "/"}, _APP_ENGINE_AGENT),
)
