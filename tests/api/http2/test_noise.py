"""Whatever a client does, others are served, and nothing of it is left."""

import asyncio
import logging

import pytest
from hpack import Encoder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.http2.client import STREAM_PATH, head_of, message
from tests.api.http2.serving import QUICK, asks, asks_for_list, serving

from taskweir.api.http2.frames import Kind, frame
from taskweir.api.http2_preface import HTTP2_PREFACE

_HEADS = [
    Encoder().encode([(*one, True) for one in head_of(path, more)])  # type: ignore[misc]
    for path in (
        "/none",
        STREAM_PATH,
        "/google.cloud.location.Locations/GetLocation",
        "/grpc.health.v1.Health/Watch",
    )
    for more in ((), (("grpc-encoding", "gzip"),), (("grpc-timeout", "1m"),), (("x", "y" * 3_000),))
]
_BODIES = [
    message(asks("size 3000")),
    message(asks("wait")),
    message(asks("bug")),
    message(asks_for_list(5, "text")),
    message(asks("here"))[:4],
    message(b"x" * 3_000, 1),
    b"",
]
_streams = st.sampled_from([0, 1, 2, 3, 5, 7, 9, 11])
_flags = st.sampled_from([0, 1, 4, 5, 8, 9, 0x20, 0x25, 0x2D, 255])
_numbers = st.sampled_from([0, 1, 7, 100, 65_535, (1 << 31) - 1, (1 << 32) - 1]).map(
    lambda n: n.to_bytes(4, "big")
)
_setting = st.tuples(st.integers(0, 9), _numbers).map(lambda pair: pair[0].to_bytes(2, "big") + pair[1])
_frames = st.one_of(
    st.builds(frame, st.just(Kind.HEADERS), st.sampled_from([4, 5, 0]), _streams, st.sampled_from(_HEADS)),
    st.builds(frame, st.just(Kind.DATA), _flags, _streams, st.sampled_from(_BODIES)),
    st.builds(frame, st.just(Kind.CONTINUATION), _flags, _streams, st.binary(max_size=9)),
    st.builds(frame, st.just(Kind.WINDOW_UPDATE), st.just(0), _streams, _numbers),
    st.builds(frame, st.just(Kind.RST_STREAM), st.just(0), _streams, _numbers),
    st.builds(frame, st.just(Kind.SETTINGS), st.sampled_from([0, 1]), st.just(0), _setting),
    st.builds(frame, st.sampled_from(list(Kind)), _flags, _streams, st.binary(max_size=20)),
    st.binary(max_size=12),
)


@given(st.lists(st.lists(_frames, max_size=12), min_size=1, max_size=3))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_noise_on_connections(caplog: pytest.LogCaptureFixture, turns: list[list[bytes]]) -> None:
    """Frames that make sense by themselves, and some that do not, in any order."""

    async def make_noise() -> None:
        async with serving(QUICK) as served:
            noisy = await served.client(opening=HTTP2_PREFACE + frame(Kind.SETTINGS, 0, 0))
            for turn in turns:
                noisy.send(b"".join(turn))
                await asyncio.sleep(0)
            client = await served.client()
            assert (await client.answer(client.call(asks("here")))).status == 0
            await noisy.close()
            await client.close()
            await served.server.stop(0)
            assert served.common.budget.used == 0
            assert not served.common.connections
            assert not served.locations.running

    asyncio.run(make_noise())
    # A method's own bugs are expected, and asyncio's remarks on clients that left.
    assert [one for one in caplog.records if one.name.startswith("taskweir.api.http2")] == []
    assert [one for one in caplog.records if one.name == "asyncio" and one.levelno > logging.WARNING] == []
