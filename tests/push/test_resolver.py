"""Looking names up: shared, remembered for a while, and never in each other's way."""

import asyncio
import socket
import threading
import time

import pytest
from tests.eventually import eventually
from tests.push.names import Names

from taskweir.domain.times import MILLISECOND, SECOND
from taskweir.push.resolver import FAILURE_KEPT_FOR, KEPT_FOR, Answer, Resolver, addresses_of

ADDRESS = Answer(("10.0.0.1",))
WITHIN = 10 * SECOND


class Time:
    """The loop's time, moved by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_name_s_addresses_come_in_the_order_of_the_lookup() -> None:
    """Of both families."""
    with Names.serving({"a.test": ["2001:db8::1", "10.0.0.1"]}) as names:
        assert await Resolver(names).resolve("a.test", WITHIN) == Answer(("2001:db8::1", "10.0.0.1"))


async def test_all_who_ask_for_a_name_share_one_lookup() -> None:
    """However many they are; a caller that is cancelled takes it from nobody."""
    with Names.serving({"a.test": ["10.0.0.1"]}, hanging=["a.test"]) as names:
        resolver = Resolver(names)
        callers = [asyncio.create_task(resolver.resolve("a.test", WITHIN)) for _ in range(100)]
        await eventually(lambda: names.asked)
        callers[0].cancel()
        names.let_go("a.test")
        ends = await asyncio.gather(*callers, return_exceptions=True)
        assert isinstance(ends[0], asyncio.CancelledError)
        assert ends[1:] == [ADDRESS] * 99
        assert names.asked == ["a.test"]


async def test_addresses_are_known_for_thirty_seconds_and_then_asked_for_again() -> None:
    """The next lookup may find others."""
    clock = Time()
    with Names.serving({"a.test": ["10.0.0.1"]}) as names:
        resolver = Resolver(names, now=clock)
        assert resolver.known("a.test") is None
        await resolver.resolve("a.test", WITHIN)
        names.table["a.test"] = ["10.0.0.2"]
        clock.now += KEPT_FOR - 0.001
        assert resolver.known("a.test") == ADDRESS
        assert await resolver.resolve("a.test", WITHIN) == ADDRESS
        clock.now += 0.001
        assert resolver.known("a.test") is None
        assert await resolver.resolve("a.test", WITHIN) == Answer(("10.0.0.2",))
        assert len(names.asked) == 2


async def test_a_failure_stands_for_a_second() -> None:
    """It says why; then the name is asked for again."""
    clock = Time()
    with Names.serving({}) as names:
        resolver = Resolver(names, now=clock)
        failure = await resolver.resolve("a.test", WITHIN)
        assert failure == Answer((), "Name or service not known")
        names.table["a.test"] = ["10.0.0.1"]
        clock.now += FAILURE_KEPT_FOR - 0.001
        assert resolver.known("a.test") == failure
        clock.now += 0.001
        assert await resolver.resolve("a.test", WITHIN) == ADDRESS


async def test_only_so_many_names_are_remembered() -> None:
    """The one looked up longest ago is forgotten first."""
    clock = Time()
    with Names.serving({f"{n}.test": ["10.0.0.1"] for n in range(4)}) as names:
        resolver = Resolver(names, now=clock, kept_names=2)
        for name in ("0.test", "1.test"):
            await resolver.resolve(name, WITHIN)
        clock.now += KEPT_FOR
        for name in ("0.test", "2.test"):
            await resolver.resolve(name, WITHIN)
        assert resolver.known("0.test") == resolver.known("2.test") == ADDRESS
        await resolver.resolve("3.test", WITHIN)
        assert [resolver.known(f"{n}.test") for n in range(4)] == [None, None, ADDRESS, ADDRESS]


async def test_names_that_hang_hold_up_no_other() -> None:
    """Fifty of them, each asked for ten times over, hold fifty threads."""
    silent = [f"silent{n}.test" for n in range(50)]
    with Names.serving({"a.test": ["10.0.0.1"]}, hanging=silent) as names:
        resolver = Resolver(names)
        stuck = [asyncio.create_task(resolver.resolve(name, WITHIN)) for name in silent * 10]
        await eventually(lambda: len(names.asked) == 50)
        assert await resolver.resolve("a.test", WITHIN) == ADDRESS
        assert names.most_at_once == 51
        assert not any(caller.done() for caller in stuck)
        resolver.close()
        await asyncio.gather(*stuck)


async def test_more_names_than_threads_wait_for_one_in_turn() -> None:
    """And go on when a lookup ends."""
    silent = ["silent0.test", "silent1.test"]
    with Names.serving({"a.test": ["10.0.0.1"], "b.test": ["10.0.0.1"]}, hanging=silent) as names:
        resolver = Resolver(names, at_once=2)
        callers = [
            asyncio.create_task(resolver.resolve(name, WITHIN)) for name in [*silent, "a.test", "b.test"]
        ]
        await eventually(lambda: len(names.asked) == 2)
        with pytest.raises(TimeoutError):
            await resolver.resolve("a.test", 10 * MILLISECOND)
        names.let_go("silent1.test")
        assert await asyncio.gather(*callers[2:]) == [ADDRESS, ADDRESS]
        assert set(names.asked[:2]) == set(silent)
        assert names.asked[2:] == ["a.test", "b.test"]
        assert names.most_at_once == 2
        assert not callers[0].done()
        names.let_go("silent0.test")
        assert (await callers[0]).error


async def test_a_lookup_that_nobody_waits_for_any_more_takes_no_thread() -> None:
    """Its callers ran out of time, or were cancelled, before it came to its turn."""
    with Names.serving({"b.test": ["10.0.0.1"]}, hanging=["silent.test"]) as names:
        resolver = Resolver(names, at_once=1)
        stuck = asyncio.create_task(resolver.resolve("silent.test", WITHIN))
        await eventually(lambda: names.asked)
        with pytest.raises(TimeoutError):
            await resolver.resolve("a.test", 10 * MILLISECOND)
        cancelled = asyncio.create_task(resolver.resolve("a.test", WITHIN))
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        last = asyncio.create_task(resolver.resolve("b.test", WITHIN))
        names.let_go("silent.test")
        await asyncio.gather(stuck, last)
        assert names.asked == ["silent.test", "b.test"]


async def test_waiting_ends_with_the_deadline_and_the_lookup_goes_on() -> None:
    """Its answer serves the next attempt."""
    with Names.serving({"a.test": ["10.0.0.1"]}, hanging=["a.test"]) as names:
        resolver = Resolver(names)
        with pytest.raises(TimeoutError):
            await resolver.resolve("a.test", 20 * MILLISECOND)
        names.let_go("a.test")
        await eventually(lambda: resolver.known("a.test") == ADDRESS)
        assert names.asked == ["a.test"]


async def test_closing_waits_for_no_thread_and_tells_the_callers() -> None:
    """Those whose lookup hangs and those whose lookup has not begun."""
    with Names.serving({}, hanging=["a.test"]) as names:
        resolver = Resolver(names, at_once=1)
        callers = [asyncio.create_task(resolver.resolve(name, WITHIN)) for name in ("a.test", "b.test")]
        await eventually(lambda: names.asked)
        began = time.monotonic()
        resolver.close()
        assert await asyncio.gather(*callers) == [Answer((), "the resolver was closed")] * 2
        assert time.monotonic() - began < 5


def test_a_lookup_that_outlives_the_loop_ends_in_silence() -> None:
    """Its thread is a daemon's, which holds up no exit, and has nobody to tell."""
    with Names.serving({}, hanging=["a.test"]) as names:

        async def leave_it_behind() -> None:
            with pytest.raises(TimeoutError):
                await Resolver(names).resolve("a.test", MILLISECOND)
            await eventually(lambda: names.asked)

        asyncio.run(leave_it_behind())
        (thread,) = (thread for thread in threading.enumerate() if thread.name == "lookup")
        assert thread.daemon
        names.let_go("a.test")
        thread.join(5)  # what it raised would be a warning, and so an error
        assert not thread.is_alive()


async def test_a_lookup_that_fails_in_an_unforeseen_way_is_a_failure_too() -> None:
    """Else its callers would wait for ever, and so would the next for its thread."""

    def broken(name: str) -> list[str]:
        raise RuntimeError("no idea")

    resolver = Resolver(broken, at_once=1)
    for name in ("a.test", "b.test"):
        assert "no idea" in (await resolver.resolve(name, WITHIN)).error


async def test_no_thread_to_be_had_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of that lookup; the next may have more luck."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    clock = Time()
    with Names.serving({"a.test": ["10.0.0.1"]}) as names:
        resolver = Resolver(names, now=clock, at_once=1)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            assert await resolver.resolve("a.test", WITHIN) == Answer((), "can't start new thread")
        clock.now += FAILURE_KEPT_FOR
        assert await resolver.resolve("a.test", WITHIN) == ADDRESS


def test_names_are_looked_up_as_this_machine_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """In getaddrinfo's order, each address once; names under localhost are localhost."""
    asked: list[object] = []

    def getaddrinfo(host: bytes, port: None, *, type: int) -> list[tuple[object, ...]]:
        asked.append(host)
        six, four = ("::1", 0, 0, 0), ("127.0.0.1", 0)
        return [(socket.AF_INET6, type, 6, "", six), (socket.AF_INET, type, 6, "", four)] * 2

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert addresses_of("a.test") == ["::1", "127.0.0.1"]
    addresses_of("api.localhost")
    addresses_of("a.localhost.")
    addresses_of("notlocalhost")
    assert asked == [b"a.test", b"localhost", b"localhost", b"notlocalhost"]


@pytest.mark.parametrize("name", ["a..b", "a" * 64 + ".test", "a" * 300])
def test_what_is_no_name_to_the_machine_is_a_failed_lookup(name: str) -> None:
    """And not an error of the text's encoding."""
    with pytest.raises(socket.gaierror):
        addresses_of(name)
