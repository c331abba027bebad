"""Sends bytes, and judges what comes back."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Iterator
from typing import Final

from tests.fuzz.answers import SLOW, Answer, faults
from tests.fuzz.conversation import Conversation
from tests.fuzz.findings import Finding, Findings
from tests.fuzz.http1_noise import http1_noise
from tests.fuzz.http2_noise import http2_noise
from tests.fuzz.target import Target

_AT_ONCE: Final = 40
_SILENT: Final = 20
"""Connections that say nothing the whole time."""
_PATIENCE: Final = 3 * SLOW
_VERSIONS: Final = ("HTTP/1.1", "HTTP/1.0")
_DEADLINE: Final = b"x-server-timeout"


class Raw:
    """Sends such bytes, round after round."""

    def __init__(self, target: Target, seed: int, findings: Findings) -> None:
        self._target = target
        self._noise = random.Random(seed)
        self._findings = findings
        self.sent: Counter[str] = Counter()

    async def send(self, seconds: float) -> None:
        """For about so long."""
        until = asyncio.get_running_loop().time() + seconds
        silent = [await asyncio.open_connection(*self._target.address) for _ in range(_SILENT)]
        await asyncio.gather(*(self._send_until(until) for _ in range(_AT_ONCE)))
        for _, writer in silent:
            writer.transport.abort()

    async def _send_until(self, until: float) -> None:
        while asyncio.get_running_loop().time() < until:
            make = http2_noise if self._noise.random() < 0.2 else http1_noise
            conversation = make(self._noise)
            self.sent[conversation.kind] += 1
            for fault, answer in await self._faults(conversation):
                kind = f"raw, {conversation.kind}: {fault}"
                self._findings.add(Finding(kind, str(conversation), repr(answer)))

    async def _faults(self, conversation: Conversation) -> list[tuple[str, bytes]]:
        try:
            async with asyncio.timeout(_PATIENCE):
                reader, writer = await asyncio.open_connection(*self._target.address)
        except (OSError, TimeoutError) as error:
            return [(f"no connection: {type(error).__name__}", b"")]
        received = bytearray()
        try:
            began = asyncio.get_running_loop().time()
            async with asyncio.timeout(_PATIENCE):
                await _talk(conversation, reader, writer, received)
        except TimeoutError:
            return [("it hangs", bytes(received))]
        finally:
            writer.transport.abort()
        seconds = asyncio.get_running_loop().time() - began
        return [(fault, bytes(received)) for fault in _judged(conversation, bytes(received), seconds)]


async def _talk(
    conversation: Conversation,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    received: bytearray,
) -> None:
    # It may have had enough before all is sent.
    with contextlib.suppress(OSError):
        for piece in conversation.pieces:
            writer.write(piece)
            await writer.drain()
            if conversation.pause:
                await asyncio.sleep(conversation.pause)
        if conversation.end == "abort":
            return
        if conversation.end == "half-close":
            writer.write_eof()
        while data := await reader.read(1 << 16):
            received += data
            if conversation.end == "wait" and list(_answers(bytes(received), 0.0, waits=False)):
                return


def _judged(conversation: Conversation, received: bytes, seconds: float) -> Iterator[str]:
    if conversation.end == "wait" and not received:
        yield "no answer"
    if conversation.kind == "HTTP/2" and not received.startswith(b"HTTP/"):
        return
    waits = _DEADLINE in b"".join(conversation.pieces).lower()
    try:
        for answer in _answers(received, seconds, waits=waits):
            yield from faults(answer)
    except ValueError as error:
        yield str(error)


def _answers(received: bytes, seconds: float, *, waits: bool) -> Iterator[Answer]:
    """Those that came whole. Raises ValueError for what is none."""
    while received:
        head, end, rest = received.partition(b"\r\n\r\n")
        if not end:
            return
        line, *lines = head.decode("latin-1").split("\r\n")
        if not line.startswith(_VERSIONS):
            raise ValueError(f"an answer that begins with {line[:8]!r}")
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
        status = int(line.split(" ")[1])
        if status >= 200:
            length = int(headers.get("content-length", len(rest)))
            if len(rest) < length:
                return
            yield Answer("", status, headers, rest[:length], seconds, waits)
            rest = rest[length:]
        received = rest
