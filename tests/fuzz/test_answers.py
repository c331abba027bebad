"""The checks of answers find what they are there for."""

import json
from typing import Any

import pytest
from tests.fuzz.answers import Answer, faults

JSON = {"content-type": "application/json; charset=UTF-8"}


def answer(status: int, body: Any, path: str = "/v2/x", **more: Any) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(path, status, **{"headers": JSON, "body": content, "seconds": 0.1, **more})


def refusal(code: int, status: str, message: str = "No.", **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, **more}}


@pytest.mark.parametrize(
    "good",
    [
        answer(200, {}),
        answer(200, b"ok\n", "/healthz", headers={"content-type": "text/plain; charset=utf-8"}),
        answer(200, b":\n\n", headers={"content-type": "text/event-stream; charset=UTF-8"}),
        answer(200, b"\0", is_protobuf=True, headers={"content-type": "application/x-protobuf"}),
        answer(404, refusal(404, "NOT_FOUND")),
        answer(409, refusal(409, "ABORTED")),
        answer(405, refusal(405, "UNIMPLEMENTED"), headers={**JSON, "allow": "GET"}),
        answer(504, refusal(504, "DEADLINE_EXCEEDED"), waits=True),
        answer(204, b"", headers={}),
        answer(
            400,
            {"error": {"code": 400, "message": "No.", "errors": [{"reason": "invalid", "domain": "global"}]}},
            "/taskqueue/v1beta2/projects/p/taskqueues/q",
        ),
    ],
)
def test_an_answer_in_order_has_no_faults(good: Answer) -> None:
    """Each surface and each page has its own form."""
    assert list(faults(good)) == []


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (answer(500, refusal(500, "INTERNAL")), "a server's error, 500"),
        (answer(501, refusal(501, "UNIMPLEMENTED")), "a server's error, 501"),
        (answer(504, refusal(504, "DEADLINE_EXCEEDED")), "a server's error, 504"),
        (answer(200, {}, seconds=6.0), "took more than 5 s"),
        (answer(200, b"[]"), "an answer that is no JSON object"),
        (answer(200, b"{"), "an answer that is no JSON object"),
        (answer(200, {}, headers={}), "an answer as ''"),
        (answer(200, {}, "/healthz"), "a page as 'application/json; charset=UTF-8'"),
        (answer(302, {}), "status 302"),
        (answer(404, {}), "a refusal without an envelope"),
        (answer(404, b"404: Not Found", headers={"content-type": "text/plain"}), "a refusal as 'text/plain'"),
        (answer(404, refusal(400, "NOT_FOUND")), "an envelope with another code, or without a message"),
        (answer(404, refusal(404, "NOT_FOUND", "")), "an envelope with another code, or without a message"),
        (answer(404, refusal(404, "ABORTED")), "status ABORTED as 404"),
        (answer(405, refusal(405, "UNIMPLEMENTED")), "405 without Allow"),
        (
            answer(400, refusal(400, "INVALID_ARGUMENT", "taskweir_pb.v2.Task")),
            "a message that tells of what is inside",
        ),
        (answer(400, refusal(400, "INVALID_ARGUMENT"), "/taskqueue/x"), "an old envelope without reasons"),
    ],
)
def test_a_fault_is_told(bad: Answer, fault: str) -> None:
    """In words that are the same for the same fault."""
    assert list(faults(bad)) == [fault]
