"""Headers, decompressed: as hpack does it, with bounds."""

import pytest
from hpack import Decoder, Encoder, HPACKError
from hypothesis import given, settings
from hypothesis import strategies as st

from taskweir.api.http2.frames import ConnectionFault, ErrorCode
from taskweir.api.http2.header_decoder import HeaderDecoder

MOST = 1 << 20
NAMES = st.sampled_from([":path", "x", "user-agent", "grpc-timeout", "a" * 200]) | st.text(
    "abc-", min_size=1, max_size=9
)
HEADERS = st.lists(st.tuples(NAMES, st.text("ab1/ä~", max_size=60), st.booleans()), max_size=12)


@given(st.lists(st.tuples(HEADERS, st.booleans(), st.none() | st.integers(0, 4_096)), max_size=12))
@settings(max_examples=80, deadline=None)
def test_what_an_encoder_writes_is_read(
    blocks: list[tuple[list[tuple[str, str, bool]], bool, int | None]],
) -> None:
    """With Huffman's code and without, with entries that are indexed and evicted, and tables of every size."""
    encoder, decoder = Encoder(), HeaderDecoder()
    for headers, huffman, size in blocks:
        if size is not None:
            encoder.header_table_size = size
        fields, counted = decoder.decode(encoder.encode(headers, huffman=huffman), MOST)
        assert fields == [(name.encode(), value.encode()) for name, value, _ in headers]
        assert counted == sum(len(name) + len(value) + 32 for name, value in fields)


@given(st.lists(st.binary(max_size=60), max_size=5))
@settings(max_examples=100, deadline=None)
def test_noise_is_read_as_hpack_reads_it(blocks: list[bytes]) -> None:
    """Or refused by both; hpack allows what has more than two changes of the table's size."""
    decoder, other = HeaderDecoder(), Decoder(max_header_list_size=MOST)
    for block in blocks:
        try:
            expected = list(other.decode(block, raw=True))
        except HPACKError:
            expected = None
        try:
            found, _ = decoder.decode(block, MOST)
        except ConnectionFault:
            assert expected is None or len(block) > 2
            return
        assert found == expected


@pytest.mark.parametrize(
    ("block", "fields"),
    [
        # RFC 7541, C.2.1 to C.2.4
        ("400a637573746f6d2d6b65790d637573746f6d2d686561646572", [(b"custom-key", b"custom-header")]),
        ("040c2f73616d706c652f70617468", [(b":path", b"/sample/path")]),
        ("100870617373776f726406736563726574", [(b"password", b"secret")]),
        ("82", [(b":method", b"GET")]),
        # C.4.1, with Huffman's code
        (
            "828684418cf1e3c2e5f23a6ba0ab90f4ff",
            [
                (b":method", b"GET"),
                (b":scheme", b"http"),
                (b":path", b"/"),
                (b":authority", b"www.example.com"),
            ],
        ),
        ("", []),
        ("20", []),
        ("203fe11f", []),
    ],
)
def test_blocks(block: str, fields: list[tuple[bytes, bytes]]) -> None:
    """Those of the standard, and empty ones."""
    assert HeaderDecoder().decode(bytes.fromhex(block), MOST)[0] == fields


@pytest.mark.parametrize(
    "block",
    [
        "80",  # no index
        "be",  # the first of an empty table
        "7e",  # its name
        "ff" * 6,  # a number without end
        "ffffffff7f",  # an index out of all bounds
        "3fe21f",  # a table larger than was allowed
        "202020",  # its size changed three times
        "8220",  # after a header
        "00",  # nothing after it
        "0001",  # a name that is missing
        "000178",  # a value that is missing
        "00017803ab",  # half of one
        "000178ff80808080800f",  # a length without end
        "00817f01",  # Huffman's code, ending within a sign
        "0001788100",  # the same, padded with other bits than ones
    ],
)
def test_blocks_that_cannot_be_read(block: str) -> None:
    """End the connection, and cost no time."""
    with pytest.raises(ConnectionFault) as raised:
        HeaderDecoder().decode(bytes.fromhex(block), MOST)
    assert raised.value.code == ErrorCode.COMPRESSION_ERROR


def test_headers_that_are_too_large_still_change_the_table() -> None:
    """They are counted, and not given; the next block is read as if they had been."""
    encoder, decoder = Encoder(), HeaderDecoder()
    fields, size = decoder.decode(encoder.encode([("first", "x"), ("second", "y" * 100)]), 100)
    assert (fields, size) == ([(b"first", b"x")], 38 + 138)
    fields, _ = decoder.decode(encoder.encode([("second", "y" * 100), ("first", "x")]), MOST)
    assert fields == [(b"second", b"y" * 100), (b"first", b"x")]


def test_a_bomb_of_indices() -> None:
    """A large entry that is named again and again takes no memory, and no time either."""
    encoder, decoder = Encoder(), HeaderDecoder()
    decoder.decode(encoder.encode([("x", "y" * 4_000)]), MOST)
    fields, size = decoder.decode(b"\xbe" * 60, 64 << 10)
    assert len(fields) == 16
    assert size == 60 * 4_033
    with pytest.raises(ConnectionFault) as raised:
        decoder.decode(b"\xbe" * 60_000, 64 << 10)
    assert raised.value.code == ErrorCode.ENHANCE_YOUR_CALM


def test_an_entry_larger_than_the_table_empties_it() -> None:
    """As the encoder does with its own (RFC 7541, 4.4)."""
    encoder, decoder = Encoder(), HeaderDecoder()
    for headers in ([("a", "b")], [("x", "y" * 5_000)], [("a", "b")], [("a", "b")]):
        fields, _ = decoder.decode(encoder.encode(headers), MOST)
        assert fields == [(name.encode(), value.encode()) for name, value in headers]


def test_changes_are_told() -> None:
    """Of what is in the table: then the same bytes may mean something else."""
    decoder = HeaderDecoder()
    decoder.decode(b"\x82\x00\x01a\x01b", MOST)
    assert decoder.changes == 0
    decoder.decode(b"\x40\x01a\x01b", MOST)
    assert decoder.changes == 1
    decoder.decode(b"\x20", MOST)
    assert decoder.changes == 2
