"""What is got at first need."""

import asyncio

import pytest

from taskweir.tokens.once import Once


class Source:
    """Gives a number when it is let; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_give = asyncio.Event()
        self.error: Exception | None = None

    async def get(self) -> int:
        self.asked += 1
        await self.may_give.wait()
        if self.error is not None:
            raise self.error
        return self.asked


async def test_it_is_got_once_for_all() -> None:
    """Not before the first need."""
    source = Source()
    once = Once(source.get)
    assert source.asked == 0
    asking = [asyncio.create_task(once()) for _ in range(3)]
    source.may_give.set()
    assert await asyncio.gather(*asking) == [1, 1, 1]
    assert (await once(), source.asked) == (1, 1)


async def test_who_goes_away_leaves_the_others_waiting() -> None:
    """Also the first, for whom it was begun."""
    source = Source()
    once = Once(source.get)
    first, second = asyncio.create_task(once()), asyncio.create_task(once())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    source.may_give.set()
    assert (await second, source.asked) == (1, 1)


async def test_a_failure_is_for_those_who_waited() -> None:
    """The next one tries anew."""
    source = Source()
    once = Once(source.get)
    source.may_give.set()
    source.error = OSError("no")
    for failed in await asyncio.gather(once(), once(), return_exceptions=True):
        assert isinstance(failed, OSError)
    source.error = None
    assert await once() == 2


async def test_a_failure_that_nobody_waits_for_is_no_noise() -> None:
    """Who wanted it went away."""
    source = Source()
    once = Once(source.get)
    asking = asyncio.create_task(once())
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    source.error = OSError("no")
    source.may_give.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    source.error = None
    assert await once() == 2


async def test_closing_ends_it() -> None:
    """Who waits is cancelled."""
    once = Once(Source().get)
    once.close()
    asking = asyncio.create_task(once())
    await asyncio.sleep(0)
    once.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
