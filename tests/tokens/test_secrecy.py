"""Where tokens are not to be found: anywhere but on the wire."""

import gzip
import socketserver
import threading
from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest
import requests
from google.cloud import tasks_v2
from tests.tokens.verifying import token_of

import taskweir.testing
from taskweir.testing import Answer, Handler, Request

QUEUE = "projects/local/locations/us-central1/queues/q"
PIECE = 20
"""Characters by which a piece of a token would be known."""


OK: Final = b"HTTP/1.1 200 OK\r\n"
EMPTY: Final = b"Connection: close\r\nContent-Length: 0\r\n\r\n"
CHUNKED: Final = OK + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
ECHOES: Final = {
    "transfer-encoding": OK + b"Transfer-Encoding: %b\r\n\r\nhi",
    "second-transfer-encoding": OK + b"Transfer-Encoding: chunked, %b\r\n\r\nhi",
    "reason-phrase": b"HTTP/1.1 500 %b\r\n" + EMPTY,
    "status": b"HTTP/1.1 %b OK\r\n" + EMPTY,
    "version": b"HTTP/%b 200 OK\r\n" + EMPTY,
    "no-status-line": b"%b\r\n\r\n",
    "no-header": OK + b"%b\r\n" + EMPTY,
    "content-length": OK + b"Content-Length: 2%b\r\n\r\nhi",
    "content-encoding": OK + b"Content-Encoding: %b\r\n" + EMPTY,
    "location": b"HTTP/1.1 302 Found\r\nLocation: http://%b/\r\n" + EMPTY,
    "location-of-another-scheme": b"HTTP/1.1 302 Found\r\nLocation: a://%b\r\n" + EMPTY,
    "set-cookie": OK + b"Set-Cookie: %b=%b; Domain=%b\r\n" + EMPTY,
    "www-authenticate": b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=%b\r\n" + EMPTY,
    "interim": b"HTTP/1.1 103 Early\r\nRetry-After: %b\r\n\r\nHTTP/1.1 503 No\r\n" + EMPTY,
    "trailer": CHUNKED + b"2\r\nhi\r\n0\r\nRetry-After: %b\r\nX: %b\r\n\r\n",
    "chunk-size": CHUNKED + b"x%b\r\nhi\r\n0\r\n\r\n",
    "chunk-extension": CHUNKED + b"2;%b\r\nhi\r\n0\r\n\r\n",
    "body-in-base64": OK + b"Connection: close\r\n\r\n%b",
    "body-in-hex": OK + b"Connection: close\r\n\r\n%b",
    "compressed-body": OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n%b",
}
"""Answers by the path that is asked for, with the token where it says so."""
FORMS: Final = {
    "body-in-base64": b64encode,
    "body-in-hex": bytes.hex,
    "compressed-body": lambda token: gzip.compress(token, 0),
}


class RawHandler(socketserver.StreamRequestHandler):
    """Answers one request, and says to its server which token came."""

    def handle(self) -> None:
        asked = self.rfile.readline().split()[1].decode().partition("/")[2]
        token = b""
        while line := self.rfile.readline().strip():
            if line.lower().startswith(b"authorization:"):
                token = line.split()[-1]
        form = FORMS.get(asked)
        echo = token if form is None else form(token)
        echo = echo.encode() if isinstance(echo, str) else echo
        self.wfile.write(ECHOES[asked].replace(b"%b", echo))
        self.server.tokens.append(token.decode())  # type: ignore[attr-defined]


@pytest.fixture
def raw() -> Iterator[socketserver.ThreadingTCPServer]:
    """A target that speaks no good HTTP; `tokens` are those that came."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), RawHandler) as server:
        server.tokens = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def handler() -> Iterator[Handler]:
    """Answers 500, then 200, with all that it got: in the body, cut off where the body is, and in a header."""

    def echo(request: Request, status: int) -> Answer:
        said = request.headers["Authorization"]
        body = "\n".join((said, said.rpartition(".")[2], "." * 300, repr(request)))
        return Answer(status, body + "." * (1_000 - len(body)) + said, {"Retry-After": said})

    with Handler() as handler:
        for path in ("/oidc", "/oauth"):
            handler.answers(lambda r: echo(r, 500), lambda r: echo(r, 200), path=path)
        yield handler


def test_a_token_is_nowhere_but_on_the_wire(handler: Handler, tmp_path: Path) -> None:
    """Not in the data, the log of every level, the history, the task or the metrics; nor a piece of its signature."""
    data = tmp_path / "data" / "d.db"
    data.parent.mkdir()
    shown: list[str] = []
    settings = {"data": data, "queues": ["q"], "log_level": "debug", "tokens_follow_clock": True}
    with taskweir.testing.server(**settings) as server:
        server.clock.freeze("2030-01-01T12:00:00Z")
        for kind in ("oidc", "oauth"):
            request = {"url": handler.url(f"/{kind}"), f"{kind}_token": {"service_account_email": "a@b"}}
            task = {"name": f"{QUEUE}/tasks/{kind}", "http_request": request}
            server.client().create_task(parent=QUEUE, task=task)
        server.wait_idle()
        full = tasks_v2.Task.View.FULL
        shown += [
            str(task) for task in server.client().list_tasks(request={"parent": QUEUE, "response_view": full})
        ]
        server.clock.jump()
        server.wait_idle()
        attempts = server.attempts()
        assert sorted(attempt.status or 0 for attempt in attempts) == [200, 200, 500, 500]
        assert {attempt.headers["Authorization"] for attempt in attempts} == {"Bearer ***"}
        assert all(b"[not kept]" in attempt.body_start for attempt in attempts)
        for path in ("/metrics", "/taskweir/v1/attempts"):
            shown.append(requests.get(f"http://{server.http_address}{path}", timeout=10).text)
        shown += [repr(attempts), repr(server.finished_tasks()), server.log]
        kept = [file.read_bytes() for file in data.parent.iterdir()]
    kept += [file.read_bytes() for file in data.parent.iterdir()]
    assert len(shown) == 7
    tokens = [token_of(request) for request in handler.requests]
    assert len(tokens) == 4
    check_absence(tokens, shown, kept)


@pytest.mark.parametrize("kind", ["oidc", "oauth"])
def test_whatever_part_of_an_answer_a_token_is_in_it_is_nowhere(
    raw: socketserver.ThreadingTCPServer, tmp_path: Path, kind: str
) -> None:
    """Errors, which quote the target, included: they reach the log, the history and the task."""
    data = tmp_path / "data" / "d.db"
    data.parent.mkdir()
    with taskweir.testing.server(data=data, queues=["q"], log_level="debug") as server:
        server.clock.freeze("2030-01-01T12:00:00Z")
        for path in ECHOES:
            url = f"http://127.0.0.1:{raw.server_address[1]}/{path}"
            request = {"url": url, f"{kind}_token": {"service_account_email": f"{path}@b"}}
            server.client().create_task(
                parent=QUEUE, task={"name": f"{QUEUE}/tasks/{path}", "http_request": request}
            )
        server.wait_idle()
        attempts = server.attempts()
        errors = {attempt.task.rpartition("/")[2]: attempt.error for attempt in attempts}
        shown = [repr(attempts), repr(server.finished_tasks()), server.log]
        shown += [str(task) for task in server.client().list_tasks(parent=QUEUE)]
        shown += [requests.get(f"http://{server.http_address}/taskweir/v1/attempts", timeout=10).text]
        kept = [file.read_bytes() for file in data.parent.iterdir()]
    kept += [file.read_bytes() for file in data.parent.iterdir()]
    assert set(errors) == set(ECHOES)
    assert "[not kept]" in errors["transfer-encoding"]
    tokens = raw.tokens  # type: ignore[attr-defined]
    assert len(tokens) == len(ECHOES)
    check_absence(tokens, shown, kept)


def check_absence(tokens: Sequence[str], shown: Sequence[str], kept: Sequence[bytes]) -> None:
    """Of the tokens' secret parts, of every piece of them, and of the same in base64 and hex."""
    text = "\n".join(shown).encode() + b"\n".join(kept)
    for token in set(tokens):
        secret = token.rpartition(".")[2].encode()
        for start in range(len(secret) - PIECE):
            piece = secret[start : start + PIECE]
            assert piece not in text
            assert piece.hex().encode() not in text
            assert b64encode(piece)[:-4] not in text
