"""Heads of calls, as gRPC has them."""

from typing import Any

import pytest
from tests.api.http2.client import PATH, head_of

from taskweir.api.http2.request_head import MalformedHead, RequestHead, check_trailers, request_head


def head(*more: tuple[str, str], **changed: str) -> RequestHead:
    replaced = {name.replace("_", "-"): value for name, value in changed.items()}
    fields = [(name, replaced.get(name.lstrip(":"), value)) for name, value in head_of(more=more)]
    return request_head([(name.encode(), value.encode("latin-1")) for name, value in fields])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1H", 3600.0),
        ("2M", 120.0),
        ("3S", 3.0),
        ("4m", 0.004),
        ("5u", 0.000005),
        ("6n", 0.000000006),
        ("0n", 0.0),
        ("99999999H", 99999999 * 3600.0),
    ],
)
def test_timeouts(text: str, seconds: float) -> None:
    """Eight digits and a unit."""
    assert head(("grpc-timeout", text)).timeout == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "1", "S", "1s", "-1S", "1.5S", "123456789S", " 1S", "1S ", "\u0661S", "1SS"]
)
def test_timeouts_that_are_none(text: str) -> None:
    """Are told to the client, in a refusal of the call."""
    name, value = b"grpc-timeout", text.encode()
    fields = [(one.encode(), two.encode()) for one, two in head_of()]
    assert request_head([*fields, (name, value)]).fault == "The deadline in grpc-timeout could not be read."


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("AAE=", [b"\x00\x01"]),
        ("AAE", [b"\x00\x01"]),
        ("", [b""]),
        ("AAE,AAI=", [b"\x00\x01", b"\x00\x02"]),
        ("AAE=, /w", [b"\x00\x01", b"\xff"]),
    ],
)
def test_binary_metadata(text: str, values: list[bytes]) -> None:
    """In base64, padded or not; several of one name may have been joined."""
    assert head(("a-bin", text)).metadata == tuple(("a-bin", value) for value in values)


@pytest.mark.parametrize("text", ["A", "AA=A", "_w==", "A A=", "é"])
def test_binary_metadata_that_is_none(text: str) -> None:
    """Is told to the client."""
    assert head(("a-bin", text)).fault == "The metadata a-bin is not base64."


def test_binary_metadata_of_many_values() -> None:
    """Which would take a hundred times the memory of their commas."""
    assert len(head(("a-bin", "," * 63)).metadata) == 64
    assert head(("a-bin", "," * 64)).fault == "The metadata a-bin has too many values."


def test_metadata_in_its_order() -> None:
    """With its repetitions, and without what is gRPC's own."""
    found = head(("b", "1"), ("a", "ä"), ("b", "2"), ("grpc-accept-encoding", "gzip"), ("user-agent", "x"))
    assert found.metadata == (("b", "1"), ("a", "ä"), ("b", "2"), ("user-agent", "x"))
    assert found.authorization is None
    assert head(("authorization", "Bearer x"), ("authorization", "y")).authorization == "Bearer x"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, {"http_status": 0, "path": PATH, "encoding": "", "length": None, "timeout": None}),
        ({"method": "PUT"}, {"http_status": 405}),
        ({"content_type": "text/plain"}, {"http_status": 415}),
        ({"content_type": "application/grpc-web+proto"}, {"http_status": 415}),
        ({"content_type": "application/grpcx"}, {"http_status": 415}),
        ({"content_type": "application/grpc+proto"}, {"http_status": 0}),
        ({"content_type": "application/grpc; charset=utf-8"}, {"http_status": 0}),
        ({"path": "/with/ä"}, {"path": "/with/ä"}),
    ],
)
def test_what_is_a_call(changed: dict[str, str], expected: dict[str, Any]) -> None:
    """By its method and its type."""
    found = head(**changed)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(("sent", "found"), [("gzip", "gzip"), ("identity", ""), ("x", "x")])
def test_encodings(sent: str, found: str) -> None:
    """Of its messages; whether there is such a one is asked when a message is compressed."""
    assert head(("grpc-encoding", sent)).encoding == found


@pytest.mark.parametrize("text", ["", "-1", "1.0", "9" * 16, "1, 1"])
def test_lengths_that_are_none(text: str) -> None:
    """The request may be cut in another place than it seems."""
    with pytest.raises(MalformedHead):
        head(("content-length", text))


@pytest.mark.parametrize(
    "field", [(b"te", b"gzip"), (b"upgrade", b"h2c"), (b":status", b"1"), (b"A", b"1"), (b"a", b"\n")]
)
def test_trailers(field: tuple[bytes, bytes]) -> None:
    """Must be headers, too."""
    check_trailers([(b"te", b"trailers"), (b"x", b"y")])
    with pytest.raises(MalformedHead):
        check_trailers([field])
