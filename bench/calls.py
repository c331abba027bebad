"""A few calls of one method, one after the other or at once, whose answers are read."""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from bench.caller import Caller


class Calls:
    """On one connection; made by `to`, and closed at the end of a `with`."""

    def __init__(self) -> None:
        self._caller: Caller | None = None
        self._answers: dict[int, asyncio.Future[bytes]] = {}

    @classmethod
    async def to(cls, address: str, method: str, routing: str) -> Self:
        """`method` is SERVICE/METHOD."""
        calls = cls()
        calls._caller = await Caller.connect(address, method, routing, calls._on_answer)
        return calls

    def call(self, message: bytes) -> "asyncio.Future[bytes]":
        """The answer; RuntimeError when there is none."""
        assert self._caller is not None
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._answers[self._caller.call(message)] = answer
        return answer

    async def all(self, messages: Iterable[bytes]) -> list[bytes]:
        return await asyncio.gather(*map(self.call, messages))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._caller is not None
        self._caller.close()

    def _on_answer(self, number: int, answer: bytes | None) -> None:
        future = self._answers.pop(number)
        if future.cancelled():
            return
        if answer is None:
            future.set_exception(RuntimeError("a call failed"))
        else:
            future.set_result(answer)
