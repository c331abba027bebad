"""The sender against a real socket: the exact bytes that go out, and what comes of every kind of answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pycurl
import pytest
import pytest_asyncio
from tests.eventually import eventually
from tests.push.raw_target import HANG, OK, RawTarget

from taskweir.domain.model import OidcToken
from taskweir.domain.names import QueueName
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.times import MILLISECOND, SECOND, Micros
from taskweir.push.curl_sender import CurlSender
from taskweir.push.sender import Outcome

TASK = QueueName("p", "l", "q").task("t")

HEAD_OF_200 = b"HTTP/1.1 200 OK\r\n"


@pytest_asyncio.fixture
async def sender() -> AsyncIterator[CurlSender]:
    """A sender, closed at the end."""
    sender = CurlSender()
    yield sender
    await sender.close()


def request(
    url: str,
    method: str = "POST",
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    host: str = "",
    deadline: Micros = 10 * SECOND,
) -> OutgoingRequest:
    """A request as the domain makes it."""
    return OutgoingRequest(TASK, method, url, headers, body, deadline, host)


async def until(condition: Callable[[], bool]) -> None:
    """Give the loop its turns until the condition holds."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("method", "body", "rest"),
    [
        ("POST", b"a\x00\xff", b"Content-Length: 3\r\n\r\na\x00\xff"),
        ("PUT", b"ab", b"Content-Length: 2\r\n\r\nab"),
        ("PATCH", b"ab", b"Content-Length: 2\r\n\r\nab"),
        ("POST", b"", b"Content-Length: 0\r\n\r\n"),
        ("PUT", b"", b"Content-Length: 0\r\n\r\n"),
        ("PATCH", b"", b"Content-Length: 0\r\n\r\n"),
        ("GET", b"", b"\r\n"),
        ("HEAD", b"", b"\r\n"),
        ("DELETE", b"", b"\r\n"),
        ("OPTIONS", b"", b"\r\n"),
    ],
)
async def test_each_method_goes_out_with_the_given_headers_and_no_others(
    sender: CurlSender, method: str, body: bytes, rest: bytes
) -> None:
    """The exact bytes: no Accept, no Expect, no form Content-Type, no User-Agent of the library."""
    answer = OK if method != "HEAD" else b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    async with RawTarget.serving(answer) as target:
        sent = request(target.url("/a%2fb?c=d"), method, [("X-b", "1"), ("x-A", "2")], body)
        outcome = await sender.send(sent)
        head = f"{method} /a%2fb?c=d HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\nX-b: 1\r\nx-A: 2\r\n"
        assert target.received == [head.encode() + rest]
        assert outcome.http_status == 200
        assert outcome.body_start == (b"" if method == "HEAD" else b"ok")


async def test_handles_carry_nothing_over_from_one_request_to_the_next(sender: CurlSender) -> None:
    """A body, a method or a header of an earlier request never shows up in a later one."""
    async with RawTarget.serving() as target:
        await sender.send(request(target.url(), "PUT", [("X-A", "1")], b"body", host="first"))
        await sender.send(request(target.url(), "GET"))
        await sender.send(request(target.url(), "POST"))
        host = f"Host: 127.0.0.1:{target.port}\r\n".encode()
        assert target.received[1:] == [
            b"GET / HTTP/1.1\r\n" + host + b"\r\n",
            b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 0\r\n\r\n",
        ]


async def test_odd_header_values_go_out_as_they_are(sender: CurlSender) -> None:
    """Empty and blank ones too, and text beyond ASCII as UTF-8; a caller's Accept and User-Agent are theirs."""
    headers = [("X-Empty", ""), ("X-Blank", "  "), ("X-U", "é€"), ("Accept", "a"), ("User-Agent", "b")]
    async with RawTarget.serving() as target:
        await sender.send(request(target.url(), "GET", headers))
        _, _, *lines = target.received[0].removesuffix(b"\r\n\r\n").split(b"\r\n")
        assert lines == [
            b"X-Empty:",
            b"X-Blank:",
            "X-U: é€".encode(),
            b"Accept: a",
            b"User-Agent: b",
        ]


async def test_host_is_the_request_s_while_the_connection_goes_to_the_url(sender: CurlSender) -> None:
    """Labels such as worker.127.0.0.1 do not resolve."""
    async with RawTarget.serving() as target:
        outcome = await sender.send(request(target.url(), "GET", host="v.s.localhost:8080"))
        assert target.received == [b"GET / HTTP/1.1\r\nHost: v.s.localhost:8080\r\n\r\n"]
        assert outcome.http_status == 200


async def test_outcome_shows_what_went_over_the_wire(sender: CurlSender) -> None:
    """Request line and headers equal the bytes received; the latency is the exchange's own."""
    async with RawTarget.serving() as target:
        outcome = await sender.send(request(target.url("/é"), "POST", [("X-A", "1"), ("X-E", "")], b"x"))
        line, *headers = target.received[0].partition(b"\r\n\r\n")[0].decode().split("\r\n")
        assert outcome.request_line == line
        assert [f"{name}: {value}".rstrip(" ") for name, value in outcome.headers_sent] == headers
        assert 0 < outcome.latency < 5 * SECOND
        assert (outcome.error, outcome.timed_out, outcome.unsent) == ("", False, False)


async def test_megabyte_bodies_arrive_whole_and_at_once(sender: CurlSender) -> None:
    """No `Expect: 100-continue` holds them back."""
    body = bytes(range(256)) * 4_096
    async with RawTarget.serving() as target:
        outcomes = await asyncio.gather(*(sender.send(request(target.url(), body=body)) for _ in range(4)))
        assert [outcome.http_status for outcome in outcomes] == [200] * 4
        assert all(received.endswith(b"\r\n\r\n" + body) for received in target.received)
        assert not any(b"Expect" in received[:500] for received in target.received)


async def test_proxies_of_the_environment_are_ignored(
    sender: CurlSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Libcurl obeys them by default."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with RawTarget.serving() as target:
        assert (await sender.send(request(target.url()))).http_status == 200


@pytest.mark.parametrize("http_status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(sender: CurlSender, http_status: int) -> None:
    """A 3xx answer is the answer."""
    async with RawTarget.serving() as target:
        location = target.url("/elsewhere").encode()
        target.answers = [
            b"HTTP/1.1 %d X\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % (http_status, location)
        ]
        assert (await sender.send(request(target.url()))).http_status == http_status
        assert len(target.received) == 1


@pytest.mark.parametrize(
    "answer",
    [HANG, HEAD_OF_200, HEAD_OF_200 + b"Content-Length: 9\r\n\r\nstart"],
    ids=["none", "head", "part"],
)
async def test_no_whole_answer_within_the_deadline_is_a_timeout(sender: CurlSender, answer: bytes) -> None:
    """The deadline counts until the answer's last byte; then the connection is closed."""
    async with RawTarget.serving(answer) as target:
        outcome = await sender.send(request(target.url(), deadline=50 * MILLISECOND))
        assert outcome.timed_out
        assert outcome.http_status is None
        assert outcome.error
        assert 50 * MILLISECOND <= outcome.latency < 2 * SECOND
        await until(lambda: target.closed == 1)


async def test_refused_connection_is_a_failure_and_not_a_timeout(sender: CurlSender) -> None:
    """Nothing listens on the port any more."""
    async with RawTarget.serving() as target:
        pass
    outcome = await sender.send(request(target.url()))
    assert outcome.http_status is None
    assert "connect" in outcome.error
    assert not outcome.timed_out
    assert not outcome.unsent


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-",
        b"HTTP/1.1 200 OK\r\nX-A: b\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nX-A: b\r\n",
        HEAD_OF_200 + b"Content-Length: 9\r\n\r\nstart",
        HEAD_OF_200 + b"Transfer-Encoding: chunked\r\n\r\n5\r\nstart\r\n",
        b"not HTTP at all\r\n\r\n",
    ],
)
@pytest.mark.parametrize("resetting", [False, True], ids=["closed", "reset"])
async def test_a_broken_answer_is_a_failure_with_a_reason(
    sender: CurlSender, answer: bytes, *, resetting: bool
) -> None:
    """Cut off at any point, by a close or a reset, or not HTTP."""
    async with RawTarget.serving(answer, closing=True, resetting=resetting) as target:
        outcome = await sender.send(request(target.url()))
        assert outcome.http_status is None
        assert outcome.error
        assert not outcome.timed_out


@pytest.mark.parametrize(
    ("answer", "body_start"),
    [
        (
            HEAD_OF_200 + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n",
            b"abcde",
        ),
        (HEAD_OF_200 + b"Content-Length: 5000000\r\n\r\n" + b"x" * 5_000_000, b"x" * 1_024),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 103 Early Hints\r\nRetry-After: 1\r\n\r\n" + OK, b"ok"),
        (HEAD_OF_200 + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nzz", b"zz"),
    ],
    ids=["chunked", "huge", "empty", "interim", "encoded"],
)
async def test_answers_of_every_framing_are_read_to_their_end(
    sender: CurlSender, answer: bytes, body_start: bytes
) -> None:
    """The first KiB is kept as it came; the connection is fit for the next request."""
    async with RawTarget.serving(answer, OK) as target:
        outcome = await sender.send(request(target.url()))
        assert outcome.http_status in (200, 204)
        assert outcome.body_start == body_start
        assert (await sender.send(request(target.url()))).body_start == b"ok"
        assert target.connections == 1


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (b"Retry-After: 120\r\n", "120"),
        (b"retry-after:  Fri, 31 Dec 1999 23:59:59 GMT \r\n", "Fri, 31 Dec 1999 23:59:59 GMT"),
        (b"", ""),
    ],
)
async def test_retry_after_is_handed_on(sender: CurlSender, header: bytes, value: str) -> None:
    """As text; an earlier answer's is forgotten."""
    first = b"HTTP/1.1 503 X\r\n" + header + b"Content-Length: 0\r\n\r\n"
    async with RawTarget.serving(first, OK) as target:
        outcome = await sender.send(request(target.url()))
        assert (outcome.http_status, outcome.retry_after) == (503, value)
        assert (await sender.send(request(target.url()))).retry_after == ""


async def test_connections_are_kept_and_used_again(sender: CurlSender) -> None:
    """Ten in a row take one connection; eight at a time take eight, and no more after."""
    async with RawTarget.serving() as target:
        for _ in range(10):
            await sender.send(request(target.url()))
        assert target.connections == 1
        for _ in range(5):
            await asyncio.gather(*(sender.send(request(target.url())) for _ in range(8)))
        assert target.connections == 8


async def test_a_kept_connection_that_the_target_closed_is_replaced(sender: CurlSender) -> None:
    """At once, or after a failed attempt that nobody received: libcurl may not have seen the close yet."""
    async with RawTarget.serving(closing=True) as target:
        outcomes = []
        for _ in range(6):
            outcomes.append(await sender.send(request(target.url())))
            await eventually(lambda: target.closed == target.connections)
        answered = [outcome for outcome in outcomes if outcome.http_status == 200]
        assert len(answered) >= 3
        assert len(target.received) == len(answered)
        assert all("closed before an answer" in o.error for o in outcomes if o.http_status is None)


async def test_a_request_is_never_sent_twice_by_itself(sender: CurlSender) -> None:
    """A kept connection that breaks before the answer is a failed attempt: the target may have worked on it."""
    requests = served = 0

    async def answer_once_and_break(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests, served
        served += 1
        for answer in (OK, b""):
            if not await reader.read(65_536):
                break
            requests += 1
            writer.write(answer)
        writer.close()
        await writer.wait_closed()
        served -= 1

    target = await asyncio.start_server(answer_once_and_break, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{target.sockets[0].getsockname()[1]}/"
    async with target:
        assert (await sender.send(request(url))).http_status == 200
        outcome = await sender.send(request(url))
        await turns()  # libcurl has opened a second connection, and given it up
        await until(lambda: not served)
    assert (outcome.http_status, outcome.unsent, outcome.timed_out) == (None, False, False)
    assert "closed before an answer" in outcome.error
    assert requests == 2


async def test_many_at_once_each_get_their_own_answer(sender: CurlSender) -> None:
    """Answers do not cross."""
    answers = [HEAD_OF_200 + b"X: 1\r\nContent-Length: 3\r\n\r\n%03d" % n for n in range(200)]
    async with RawTarget.serving(*answers, OK) as target:
        outcomes = await asyncio.gather(*(sender.send(request(target.url(f"/{n}"))) for n in range(200)))
        assert sorted(outcome.body_start for outcome in outcomes) == [b"%03d" % n for n in range(200)]
        told = dict(zip((line_of(r) for r in target.received), range(200), strict=True))
        assert all(outcome.body_start == b"%03d" % told[outcome.request_line] for outcome in outcomes)


def line_of(received: bytes) -> str:
    """The request line of what a target received."""
    return received.partition(b"\r\n")[0].decode()


async def test_a_request_that_cannot_be_made_is_an_outcome_with_a_reason(sender: CurlSender) -> None:
    """Never an exception, and nothing is sent."""
    async with RawTarget.serving() as target:
        bad = [
            request("ftp://t/"),
            request("http://127.0.0.1:99999/"),
            request("http://a b/"),
            request(target.url(), headers=[("X-A", "b\r\nX-Evil: 1")]),
            request(target.url(), headers=[("X-A", "\ud800")]),
            OutgoingRequest(TASK, "POST", target.url(), [], b"", SECOND, authorization=OidcToken("a@b")),
        ]
        outcomes = [await sender.send(each) for each in bad]
        assert all(outcome.unsent and outcome.error for outcome in outcomes)
        assert all(outcome.http_status is None and not outcome.headers_sent for outcome in outcomes)
        assert target.connections == 0
        assert (await sender.send(request(target.url()))).http_status == 200


@pytest.mark.parametrize("start", [b"HTTP/1.7 200 OK", b"HTTP/9.9 200 OK", b"ICY 200 OK"])
async def test_a_request_that_was_sent_counts_as_sent_whatever_the_answer_is(
    sender: CurlSender, start: bytes
) -> None:
    """The target has it, and may have worked on it: no answer, with what was sent."""
    answer = start + b"\r\nContent-Length: 0\r\n\r\n"
    async with RawTarget.serving(answer, closing=True) as target:
        outcome = await sender.send(request(target.url("/a")))
        assert len(target.received) == 1
    assert (outcome.http_status, outcome.unsent, outcome.timed_out) == (None, False, False)
    assert outcome.error
    assert outcome.request_line == "POST /a HTTP/1.1"
    assert outcome.headers_sent


async def test_cancelling_the_caller_drops_its_transfer_and_no_other(sender: CurlSender) -> None:
    """The target sees that connection close; the sender goes on."""
    async with RawTarget.serving(HANG) as target:
        dropped = asyncio.create_task(sender.send(request(target.url("/1"))))
        kept = asyncio.create_task(sender.send(request(target.url("/2"), deadline=200 * MILLISECOND)))
        await until(lambda: len(target.received) == 2)
        dropped.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dropped
        await until(lambda: target.closed == 1)
        assert (await kept).timed_out


async def test_a_caller_cancelled_just_after_its_answer_came_harms_nobody(sender: CurlSender) -> None:
    """Two are answered at once; the first cancels the second and takes the handle that the second had."""

    async def cancel_the_other(own: int) -> Outcome:
        await sender.send(request(target.url()))
        calls[1 - own].cancel()
        return await sender.send(request(target.url()))

    async with RawTarget.serving() as target, asyncio.timeout(5):
        target.may_answer.clear()
        calls = [asyncio.create_task(cancel_the_other(own)) for own in (0, 1)]
        await until(lambda: len(target.received) == 2)
        target.may_answer.set()
        ends = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(end, asyncio.CancelledError) for end in ends) == 1
        assert sum(isinstance(end, Outcome) and end.http_status == 200 for end in ends) == 1


async def test_closing_tells_those_in_flight_and_later_callers(sender: CurlSender) -> None:
    """Their connections are closed, and so are kept ones."""
    async with RawTarget.serving(OK, HANG) as target:
        await sender.send(request(target.url()))
        calls = [asyncio.create_task(sender.send(request(target.url()))) for _ in range(3)]
        await until(lambda: len(target.received) == 4)
        await sender.close()
        outcomes: list[Outcome] = await asyncio.gather(*calls)
        assert [(o.http_status, o.error, o.unsent) for o in outcomes] == [
            (None, "the sender was closed", False)
        ] * 3
        await until(lambda: target.closed == target.connections)
        assert (await sender.send(request(target.url()))).unsent


async def test_an_idle_sender_has_no_timer_and_is_woken_by_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept connections and past deadlines wake nobody up, and a peer that closes its end does so once."""
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []
    watched: list[int] = []
    woken: list[int] = []
    call_later, add_reader = loop.call_later, loop.add_reader

    def record_timer(delay: float, callback: Callable[..., object], *args: object) -> asyncio.TimerHandle:
        timers.append(call_later(delay, callback, *args))
        return timers[-1]

    def record_reader(fd: int, callback: Callable[..., object], *args: object) -> None:
        def wake() -> None:
            woken.append(fd)
            callback(*args)

        watched.append(fd)
        add_reader(fd, wake)

    def forget_reader(fd: int) -> bool:
        watched.remove(fd)
        return loop_remove_reader(fd)

    loop_remove_reader = loop.remove_reader
    async with RawTarget.serving() as target:
        monkeypatch.setattr(loop, "call_later", record_timer)
        monkeypatch.setattr(loop, "add_reader", record_reader)
        monkeypatch.setattr(loop, "remove_reader", forget_reader)
        sender = CurlSender()
        await asyncio.gather(*(sender.send(request(target.url())) for _ in range(4)))
        assert timers
        assert all(timer.cancelled() or timer.when() < loop.time() for timer in timers)
        (selector,) = watched
        woken.clear()
        await turns()
        assert not woken
    # The target has closed what was kept.
    await until(lambda: selector in woken)
    await turns()
    assert len(woken) <= target.connections
    woken.clear()
    await turns()
    assert not woken
    await sender.close()
    assert not watched


async def turns() -> None:
    """Let whatever is readable be told."""
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.mark.parametrize("loop_of", ["asyncio", "uvloop"])
def test_sender_works_on_either_event_loop(loop_of: str) -> None:
    """Answers, deadlines, refusals and cancelled calls, mixed, on connections that come and go."""

    async def scenario() -> None:
        sender = CurlSender()
        async with RawTarget.serving() as good, RawTarget.serving(HANG) as silent:
            for _ in range(3):
                slow = [request(silent.url(), deadline=20 * MILLISECOND) for _ in range(8)]
                fast = [request(good.url(), body=b"x" * 100_000) for _ in range(40)]
                dropped = asyncio.create_task(sender.send(request(silent.url())))
                outcomes = await asyncio.gather(*map(sender.send, fast + slow))
                assert [o.http_status for o in outcomes] == [200] * 40 + [None] * 8
                assert all(o.timed_out for o in outcomes[40:])
                dropped.cancel()
                assert isinstance(
                    (await asyncio.gather(dropped, return_exceptions=True))[0], asyncio.CancelledError
                )
            await sender.close()

    with asyncio.Runner(loop_factory=pytest.importorskip(loop_of).new_event_loop) as runner:
        runner.run(scenario())


@pytest.mark.skipif(
    pycurl.version_info()[2] < 0x081700, reason="libcurl 8.19 sends requests of any size; 8.23 does not"
)
@pytest.mark.parametrize("is_kept", [False, True])
async def test_a_request_too_large_to_send_was_not_sent(sender: CurlSender, is_kept: bool) -> None:
    """On a new connection or a kept one; that it is says nothing of the target, which hears none of it."""
    async with RawTarget.serving() as target:
        if is_kept:
            assert (await sender.send(request(target.url()))).http_status == 200
        outcome = await sender.send(request(target.url(), headers=[("X-A", "a" * (1 << 20))]))
        assert (outcome.unsent, outcome.http_status) == (True, None)
        assert "large" in outcome.error.lower()
        assert len(target.received) == is_kept
        assert (await sender.send(request(target.url()))).http_status == 200


@pytest.mark.parametrize(
    "headers",
    [b"A: %b\r\n" % (b"a" * 1_000) * 400, b"A: %b\r\n" % (b"a" * 200_000), b"A: b\r\n" * 6_000],
    ids=["all", "one", "many"],
)
async def test_an_answer_too_large_is_one_to_a_request_that_was_sent(
    sender: CurlSender, headers: bytes
) -> None:
    """The target's fault, which libcurl may tell by the same error."""
    async with RawTarget.serving(HEAD_OF_200 + headers + b"\r\n") as target:
        outcome = await sender.send(request(target.url()))
        assert (outcome.unsent, outcome.http_status, len(target.received)) == (False, None, 1)
        assert outcome.error


async def test_retry_after_is_the_final_answer_s(sender: CurlSender) -> None:
    """Neither an interim answer's nor a trailer's."""
    early = b"HTTP/1.1 103 Early Hints\r\nRetry-After: 1\r\n\r\n"
    busy = b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n%b\r\n0\r\nRetry-After: 3\r\n\r\n"
    async with RawTarget.serving(early + busy % b"", early + busy % b"Retry-After: 2\r\n") as target:
        assert (await sender.send(request(target.url()))).retry_after == ""
        assert (await sender.send(request(target.url()))).retry_after == "2"
