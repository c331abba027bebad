"""Headers of calls, remembered where they may be."""

import pytest
from hpack import Encoder
from hypothesis import given
from hypothesis import strategies as st
from tests.api.http2.client import head_of

from taskweir.api.http2.frames import ConnectionFault
from taskweir.api.http2.header_decoder import HeaderDecoder
from taskweir.api.http2.header_reader import MOST, HeaderReader, TooManyHeaders
from taskweir.api.http2.request_head import MalformedHead, RequestHead, request_head


def test_the_same_block_is_read_once() -> None:
    """From the second time on, when it has stopped changing the table."""
    encoder, reader = Encoder(), HeaderReader()
    first = reader.read(encoder.encode(head_of()))
    again = encoder.encode(head_of())
    second = reader.read(again)
    assert first == second or first.size == second.size
    assert reader.read(again) is second


def test_what_means_something_else_is_read_again() -> None:
    """After another entry in the table, an index names another header."""
    encoder, reader = Encoder(), HeaderReader()
    reader.read(encoder.encode(head_of(more=[("x", "first")])))
    by_index = encoder.encode(head_of(more=[("x", "first")]))
    assert ("x", "first") in reader.read(by_index).metadata
    assert ("x", "first") in reader.read(by_index).metadata
    reader.read(encoder.encode(head_of(more=[("x", "second")])))
    moved = encoder.encode(head_of(more=[("x", "first")]))
    assert moved != by_index
    assert ("x", "first") in reader.read(moved).metadata


def test_trailers_change_the_table_too() -> None:
    """They are read, even if nobody wants them."""
    encoder, reader = Encoder(), HeaderReader()
    reader.read(encoder.encode(head_of(more=[("x", "1")])))
    again = encoder.encode(head_of(more=[("x", "1")]))
    reader.read(again)
    reader.read_more(encoder.encode([("trailer", "y")]))
    assert ("x", "1") in reader.read(encoder.encode(head_of(more=[("x", "1")]))).metadata
    assert ("trailer", "y") in reader.read(encoder.encode(head_of(more=[("trailer", "y")]))).metadata


def test_what_is_remembered_is_bounded() -> None:
    """Whatever the client makes of it: large heads are not, and many small ones are forgotten."""
    encoder, reader = Encoder(), HeaderReader()
    reader.read(encoder.encode([(*one, True) for one in head_of()]))  # type: ignore[misc]
    for number in range(2_000):
        block = encoder.encode([(*one, True) for one in head_of(more=[("x", f"{number}")])])  # type: ignore[misc]
        reader.read(block)
        assert len(reader._known) < 64
    assert block in reader._known
    large = encoder.encode([(*one, True) for one in head_of(more=[("x", "y" * 5_000)])])  # type: ignore[misc]
    reader.read(large)
    assert large not in reader._known


def test_a_malformed_head_changes_the_table_too() -> None:
    """It is refused, and what its index meant before is not what the same bytes mean after it: they may be of another
    caller, where one connection serves many."""
    reader = HeaderReader()
    head = Encoder().encode([(*one, True) for one in head_of()])  # type: ignore[misc]
    reader.read(head + b"\x40\x0dauthorization\x04mine")
    by_index = head + b"\xbe"
    for _ in range(3):
        assert reader.read(by_index).authorization == "mine"
    with pytest.raises(MalformedHead):
        reader.read(b"\x40\x0dauthorization\x05other")
    assert reader.read(by_index).authorization == "other"


def test_too_many_headers() -> None:
    """Are those of one call: the next is read."""
    encoder, reader = Encoder(), HeaderReader()
    with pytest.raises(TooManyHeaders):
        reader.read(encoder.encode(head_of(more=[(f"x{number}", "y" * 1_000) for number in range(70)])))
    assert reader.read(encoder.encode(head_of())).http_status == 0


def test_a_malformed_head_changes_nothing() -> None:
    """For those that come after it."""
    encoder, reader = Encoder(), HeaderReader()
    with pytest.raises(MalformedHead):
        reader.read(encoder.encode([("x", "y")]))
    assert reader.read(encoder.encode(head_of())).http_status == 0


def literal(name: bytes, value: bytes, *, kept: bool = True) -> bytes:
    return (b"\x40" if kept else b"\x00") + bytes([len(name)]) + name + bytes([len(value)]) + value


PIECES = (
    literal(b":path", b"/a"),
    literal(b":path", b"/b"),
    literal(b"authorization", b"alice"),
    literal(b"authorization", b"bob"),
    b"\xbe",
    b"\xbf",
    b"\xc0",
    literal(b"Upper", b"malformed"),
    literal(b"x", b"y" * 100, kept=False) * 500,
)


class Forgetful:
    """Reads every block anew."""

    def __init__(self) -> None:
        self._decoder = HeaderDecoder()

    def read(self, block: bytes) -> RequestHead:
        fields, size = self._decoder.decode(block, MOST)
        if size > MOST:
            raise TooManyHeaders
        return request_head(fields, size)

    def read_more(self, block: bytes) -> object:
        return self._decoder.decode(block, MOST)[0]


def read_by(reader: HeaderReader | Forgetful, block: bytes, *, is_head: bool) -> object:
    """Or how it is refused."""
    try:
        return reader.read(b"\x83\x86" + block) if is_head else reader.read_more(block)
    except (ConnectionFault, MalformedHead, TooManyHeaders) as error:
        return type(error)


@given(
    st.lists(st.sampled_from((b"\xbe", b"\xbf", b"\xbf\xbe", b"\xbe\xbf")), min_size=1, max_size=2),
    st.lists(
        st.tuples(st.booleans(), st.lists(st.sampled_from(PIECES), max_size=3).map(b"".join)), max_size=6
    ),
)
def test_a_memory_changes_nothing(asked: list[bytes], between: list[tuple[bool, bytes]]) -> None:
    """Whatever came between two blocks of the same bytes: heads, trailers, what is malformed or too large."""
    reader, other = HeaderReader(), Forgetful()
    kind = literal(b"content-type", b"application/grpc", kept=False)
    for one in (reader, other):
        read_by(one, literal(b":path", b"/c") + literal(b"authorization", b"carol"), is_head=True)
    for is_head, block in [(True, b""), *between]:
        assert read_by(reader, block, is_head=is_head) == read_by(other, block, is_head=is_head)
        for same in asked * 2:
            assert read_by(reader, same + kind, is_head=True) == read_by(other, same + kind, is_head=True)
