"""Replies that take long to write are written beside the event loop, and are the same as others."""

import threading
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from tests.api.library import NAME, Request, serving

from taskweir.api.methods import Calls
from taskweir.api.rest import answer
from taskweir.api.rest.answer import ReplyWriter
from taskweir.api.rest.query import Wanted
from taskweir.api.rest.side_threads import LARGE_REPLY
from taskweir.domain.errors import Code

LARGE = "x" * LARGE_REPLY


@pytest.fixture
def writing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads that write."""
    threads: list[str] = []

    def told(*args: Any, **options: Any) -> dict[str, Any]:
        threads.append(threading.current_thread().name)
        return MessageToDict(*args, **options)

    monkeypatch.setattr(answer, "MessageToDict", told)
    return threads


async def test_a_large_reply_is_written_beside_the_loop(writing: list[str]) -> None:
    """And a small one at once."""
    async with serving(body_limit=1 << 20) as library:
        for name in (LARGE, "x"):
            assert await library.ask("POST", "/v1/books:create", json={"name": name}) == (200, {"name": name})
    assert [name.startswith("taskweir-beside") for name in writing] == [True, False]


async def test_a_bug_in_writing_a_large_reply_is_an_internal_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Counted and logged as every other."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(answer, "MessageToDict", broken)
    codes: list[tuple[str, Code]] = []
    calls = Calls(observe=lambda rpc, code, _: codes.append((rpc, code)))
    async with serving(calls, body_limit=1 << 20) as library:
        status, told = await library.ask("POST", "/v1/books:create", json={"name": LARGE})

    assert (status, told["error"]["message"]) == (500, "Internal error encountered.")
    assert codes == [(f"{NAME}/CreateBook", Code.INTERNAL)]
    assert "RuntimeError: a bug" in caplog.text


@pytest.mark.parametrize("indents", [False, True])
def test_pieces_of_a_reply_make_the_same_text(indents: bool) -> None:
    """In UTF-8, on one line or indented."""
    reply = Request(name='ü"\u2028', tags=["a", "b"], books=[Request(), Request(page_size=1, is_dry=True)])
    reply.book.ratio = 0.5
    write = ReplyWriter(Wanted(indents=indents))
    assert write.in_pieces(reply) == write(reply)
    assert ('ü\\"\u2028'.encode() in write(reply)) is True


def test_a_large_reply_may_be_protobuf() -> None:
    """Then there are no pieces."""
    reply = Request(name=LARGE)
    assert ReplyWriter(Wanted(form="proto")).in_pieces(reply) == reply.SerializeToString()
