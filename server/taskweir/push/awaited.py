"""A sender in front of another that knows what is still to be answered."""

import asyncio
from collections.abc import Callable

from taskweir.domain.outgoing import OutgoingRequest
from taskweir.push.sender import Outcome, Sender


class AwaitedAnswers:
    """Implements `push.sender.Sender`."""

    def __init__(self, sender: Sender, on_send: Callable[[], None]) -> None:
        """`on_send` is called when there is one more. Must be made on the loop that it will run on."""
        self._sender = sender
        self._on_send = on_send
        self._sent_at: dict[object, float] = {}
        self._time = asyncio.get_running_loop().time

    def __len__(self) -> int:
        """How many answers are awaited."""
        return len(self._sent_at)

    @property
    def latest_sent_at(self) -> float | None:
        """When the latest of the requests that have no answer yet was sent, in seconds of the loop's clock."""
        return next(reversed(self._sent_at.values()), None)

    async def send(self, request: OutgoingRequest) -> Outcome:
        one = object()
        self._sent_at[one] = self._time()
        self._on_send()
        try:
            return await self._sender.send(request)
        finally:
            del self._sent_at[one]

    async def close(self) -> None:
        await self._sender.close()
