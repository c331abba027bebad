"""Requests that come compressed."""

import gzip
import threading
import zlib
from typing import Any

import pytest
from tests.api.http2.client import message
from tests.api.http2.serving import Serving, asks
from tests.eventually import eventually


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
@pytest.mark.parametrize("size", [10, 70_000, 3_000_000])
async def test_compressed_requests(served: Serving, pack: object, size: int) -> None:
    """By gzip and by deflate, small ones and large ones."""
    client = await served.client()
    encoding = "gzip" if pack is gzip.compress else "deflate"
    stream = client.begin(more=[("grpc-encoding", encoding)])
    client.data(stream, message(pack(asks("z" * size)), 1))
    assert (await client.answer(stream)).status == 0
    assert served.locations.asked == ["z" * size]


async def test_what_is_unpacked_is_counted(served: Serving) -> None:
    """From the first byte, so that many small messages do not become much memory."""
    client = await served.client()
    packed = gzip.compress(asks("wait") * 8_000)
    before = served.common.budget.used
    stream = client.begin(more=[("grpc-encoding", "gzip")])
    client.data(stream, message(packed, 1))
    await eventually(lambda: served.locations.running)
    assert len(packed) < 1_000
    assert 48_000 < served.common.budget.used - before < 60_000
    served.locations.go_on.set()
    assert (await client.answer(stream)).status == 0


async def test_what_nothing_is_made_of(served: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is read in parts, and away from the loop: it takes as long to read as anything."""
    unpack, here, read = zlib.decompressobj, threading.get_ident(), []

    class Unpack:
        def __init__(self, wbits: int) -> None:
            self._of = unpack(wbits)

        def decompress(self, data: bytes, most: int) -> bytes:
            read.append((threading.get_ident() == here, len(data)))
            return self._of.decompress(data, most)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._of, name)

    monkeypatch.setattr(zlib, "decompressobj", Unpack)
    client = await served.client()
    stream = client.begin(more=[("grpc-encoding", "deflate")])
    packing = zlib.compressobj()
    packed = packing.compress(asks("here")) + packing.flush(zlib.Z_SYNC_FLUSH)
    packed += b"\0\0\0\xff\xff" * 60_000 + packing.flush()
    whole = message(packed, 1)
    for at in range(0, len(whole), 60_000):
        client.data(stream, whole[at : at + 60_000], 0)
    client.data(stream, b"")
    assert (await client.answer(stream)).status == 0
    assert served.locations.asked == ["here"]
    assert sum(size for is_here, size in read if is_here) <= 16 << 10
    assert max(size for _, size in read) <= 64 << 10


@pytest.mark.parametrize(
    ("encoding", "data", "status"),
    [
        ("gzip", b"no such thing", 3),
        ("gzip", gzip.compress(asks("x"))[:-3], 3),
        ("gzip", gzip.compress(asks("x")) + b"more", 3),
        ("deflate", gzip.compress(asks("x")), 3),
        ("br", b"x", 12),
        ("identity", b"x", 13),
        ("gzip", gzip.compress(bytes(130 << 20)), 8),
    ],
    ids=["no gzip", "cut off", "more after it", "no deflate", "unknown", "not encoded", "too much"],
)
async def test_what_cannot_be_unpacked(served: Serving, encoding: str, data: bytes, status: int) -> None:
    """Is refused, and the client told what can be."""
    client = await served.client()
    stream = client.begin(more=[("grpc-encoding", encoding)])
    packed = message(data, 1)
    for at in range(0, len(packed), 60_000):
        client.data(stream, packed[at : at + 60_000], 0)
    client.data(stream, b"")
    answer = await client.answer(stream)
    assert (answer.status, answer.header("grpc-accept-encoding")) == (status, "identity,gzip,deflate")
