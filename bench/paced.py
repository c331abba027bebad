"""Calls at a steady rate, whether or not the earlier ones are answered."""

import asyncio
import time
from collections.abc import Sequence

from bench.caller import Caller


async def paced(address: str, method: str, routing: str, messages: Sequence[bytes], rate: float) -> list[int]:
    """Make the calls, `rate` a second; when each was written to the socket, in nanoseconds of the monotonic clock.

    Raises RuntimeError when one of them failed.
    """
    left, failed = len(messages), 0
    answered = asyncio.Event()

    def on_answer(_call: int, answer: bytes | None) -> None:
        nonlocal left, failed
        left -= 1
        failed += answer is None
        if not left:
            answered.set()

    caller = await Caller.connect(address, method, routing, on_answer)
    sent: list[int] = []
    begin = time.monotonic_ns()
    while len(sent) < len(messages):
        due = min(len(messages), int((time.monotonic_ns() - begin) / 1e9 * rate) + 1)
        for message in messages[len(sent) : due]:
            sent.append(time.monotonic_ns())
            caller.call(message)
        await asyncio.sleep(max(0.0, begin / 1e9 + len(sent) / rate - time.monotonic_ns() / 1e9))
    await answered.wait()
    caller.close()
    if failed:
        raise RuntimeError(f"{failed} of {len(messages)} calls failed")
    return sent
