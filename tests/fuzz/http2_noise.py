"""The HTTP/2 preface, whole or cut anywhere, and frames after it that are hardly frames; by a seeded generator."""

import random
from typing import Final

from tests.fuzz.conversation import Conversation, End

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS: Final = b"\0\0\0\4\0\0\0\0\0"
_HEADER_BLOCKS: Final = (
    b"\x82\x84\x86\x41\x8a\x08\x9d\x5c\x0b\x81\x70\xdc\x78\x0f\x03",  # as in the examples of HPACK
    b"\x83\x86\x44\x03/a/\x41\x01x\x5f\x10application/grpc",
    b"\xff" * 40,
    b"\x3f\xff\xff\xff\xff\xff\xff",
    b"",
)


def http2_noise(noise: random.Random) -> Conversation:
    """The next conversation."""
    data = _data(noise)
    cut = noise.randrange(1, len(data)) if noise.random() < 0.3 and len(data) > 1 else len(data)
    pieces = (data[:cut], data[cut:]) if noise.random() < 0.5 else (data[:cut],)
    end: End = noise.choices(("half-close", "abort"), (3, 1))[0]
    return Conversation("HTTP/2", tuple(filter(None, pieces)), end, noise.choice((0.0, 0.002)))


def _data(noise: random.Random) -> bytes:
    preface = noise.choice(
        (_PREFACE, _PREFACE, _PREFACE, _PREFACE[: noise.randrange(1, len(_PREFACE))], _near(noise))
    )
    settings = _SETTINGS if noise.random() < 0.7 else b""
    frames = b"".join(_frame(noise) for _ in range(noise.randint(0, 12)))
    return (
        preface + settings + frames + (noise.randbytes(noise.randint(0, 40)) if noise.random() < 0.3 else b"")
    )


def _near(noise: random.Random) -> bytes:
    """A preface with a byte changed: it is HTTP/1.1 then, and not well-formed."""
    data = bytearray(_PREFACE)
    data[noise.randrange(len(data))] ^= 1 << noise.randrange(8)
    return bytes(data)


def _frame(noise: random.Random) -> bytes:
    kind = noise.choice((0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255))
    payload = noise.choice(
        (*_HEADER_BLOCKS, noise.randbytes(noise.randint(0, 300)), bytes(8), bytes(4), bytes(20_000))
    )
    length = len(payload) if noise.random() < 0.8 else noise.choice((0, 1, 0xFFFFFF, len(payload) + 5))
    stream = noise.choice((0, 1, 1, 3, 5, 2, 0x7FFFFFFF, 0xFFFFFFFF))
    flags = noise.choice((0, 1, 4, 5, 0x25, 0xFF))
    return length.to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload
