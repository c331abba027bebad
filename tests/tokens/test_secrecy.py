"""Where tokens are not to be found: anywhere but on the wire."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from google.cloud import tasks_v2
from tests.tokens.verifying import token_of

import taskweir.testing
from taskweir.testing import Answer, Handler, Request

QUEUE = "projects/local/locations/us-central1/queues/q"
PIECE = 20
"""Characters by which a piece of a token would be known."""


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
    for token in tokens:
        secret = token.rpartition(".")[2]
        for start in range(len(secret) - PIECE):
            piece = secret[start : start + PIECE]
            assert not any(piece in text for text in shown)
            assert not any(piece.encode() in content for content in kept)
