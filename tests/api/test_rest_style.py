"""How services of another generation answer."""

from typing import Any, Final

import pytest
from tests.api.library import ServedLibrary, serving

from taskweir.api.call import Call
from taskweir.api.methods import Calls, Method
from taskweir.api.rest.envelope import MethodNotAllowed
from taskweir.api.rest.style import RestStyle
from taskweir.api.taskqueue.envelope import BadParameter, old_envelope
from taskweir.domain.errors import Code, NotFound, Refusal

OLD: Final = RestStyle(
    envelope=old_envelope,
    passes_over_unknown=True,
    indents=True,
    empty_is_no_content=True,
    writes_defaults=True,
)


def refusing(refusal: Refusal) -> Calls:
    async def refuse(method: Method, request: object, call: Call) -> Any:
        raise refusal

    return Calls(carry_out=refuse)


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        (Code.INVALID_ARGUMENT, 400, "invalid"),
        (Code.FAILED_PRECONDITION, 400, "invalid"),
        (Code.UNAUTHENTICATED, 401, "authError"),
        (Code.PERMISSION_DENIED, 403, "forbidden"),
        (Code.NOT_FOUND, 404, "notFound"),
        (Code.ALREADY_EXISTS, 409, "conflict"),
        (Code.RESOURCE_EXHAUSTED, 429, "rateLimitExceeded"),
        (Code.UNAVAILABLE, 503, "backendError"),
        (Code.INTERNAL, 500, "backendError"),
    ],
)
async def test_the_old_envelope_has_reasons(code: Code, status: int, reason: str) -> None:
    """And no status by name."""
    refusal = Refusal("No.")
    refusal.code = code  # type: ignore[misc]
    async with serving(refusing(refusal), style=OLD) as library:
        told = await library.ask("GET", "/v1/anyhow")

    errors = [{"domain": "global", "reason": reason, "message": "No."}]
    assert told == (status, {"error": {"errors": errors, "code": status, "message": "No."}})


async def test_the_old_envelope_names_the_parameter_that_is_wrong() -> None:
    """With a reason of its own; today's says only that the argument is invalid."""
    missing = BadParameter("Required parameter: numTasks", "numTasks", reason="required")
    async with serving(refusing(missing), style=OLD) as library:
        status, answer = await library.ask("GET", "/v1/anyhow")
    async with serving(refusing(missing)) as library:
        _, today = await library.ask("GET", "/v1/anyhow")

    assert status == 400
    assert answer["error"]["errors"] == [
        {
            "domain": "global",
            "reason": "required",
            "message": "Required parameter: numTasks",
            "locationType": "parameter",
            "location": "numTasks",
        }
    ]
    assert today["error"]["status"] == "INVALID_ARGUMENT"


async def test_what_is_unknown_is_passed_over() -> None:
    """In the query and in JSON, however deep; what is known must still fit."""
    body = {"x": 1, "name": "n", "book": {"x": {}, "pageSize": 3}, "books": [{"y": 1}, {"name": "m"}]}
    async with serving(style=OLD) as library:
        status, _ = await library.ask("POST", "/v1/books:create?nope=1&isDry=true", json=body)
        [(_, message, _)] = library.servicer.calls
        misfit, _ = await library.ask("POST", "/v1/books:create", json={"books": [{"x": 1, "pageSize": "y"}]})
        no_object, _ = await library.ask("POST", "/v1/books:create", json=[])

    assert (status, misfit, no_object) == (200, 400, 400)
    assert (message.name, message.is_dry, message.book.page_size) == ("n", True, 3)
    assert [book.name for book in message.books] == ["", "m"]


async def test_defaults_are_written_and_indented(library_of_old: ServedLibrary) -> None:
    """Unless the client wants one line."""
    async with library_of_old.session.get(f"{library_of_old.url}/v1/anyhow?name=n") as answer:
        text = await answer.text()
        content = await answer.json()
    assert text.startswith('{\n  "name": "n",\n')
    assert (content["pageSize"], content["tags"], content["isDry"]) == (0, [], False)
    url = f"{library_of_old.url}/v1/anyhow?prettyPrint=false&fields=name"
    async with library_of_old.session.get(url) as answer:
        assert await answer.text() == '{"name":""}'


async def test_an_empty_reply_is_no_content(library_of_old: ServedLibrary) -> None:
    """Without a type; today's is an object without fields."""
    async with library_of_old.session.delete(f"{library_of_old.url}/v1/shelves/1") as answer:
        assert (answer.status, await answer.read()) == (204, b"")
        assert "Content-Type" not in answer.headers
    async with serving() as library:
        assert await library.ask("DELETE", "/v1/shelves/1") == (200, {})


@pytest.fixture
async def library_of_old() -> Any:
    async with serving(style=OLD) as served:
        yield served


def test_a_method_that_is_not_allowed_has_its_reason() -> None:
    """In either list."""
    told = old_envelope(MethodNotAllowed("PUT", "GET"), 405, False)
    assert told["error"]["errors"][0]["reason"] == "httpMethodNotAllowed"
    assert old_envelope(NotFound(), 404, True) == old_envelope(NotFound(), 404, False)
