"""Which JSON values fields take."""

from typing import Any, Final

import pytest
from google.protobuf import struct_pb2, wrappers_pb2
from google.protobuf.json_format import ParseDict
from google.protobuf.message_factory import GetMessageClass
from tests.api.library import Request

from taskweir.api.rest.json_message import put_json
from taskweir.api.rest.json_values import fits
from taskweir.domain.errors import InvalidArgument
from taskweir_pb.v2 import target_pb2, task_pb2

_FIELDS: Final[dict[str, Any]] = {
    **{field.name: field for field in Request.DESCRIPTOR.fields},
    **{
        name.removesuffix("Value").lower(): message.fields_by_name["value"]
        for name, message in wrappers_pb2.DESCRIPTOR.message_types_by_name.items()
    },
}

_NO_INTEGERS: Final = [
    True,
    None,
    [],
    {},
    "",
    "x",
    "1_0",
    " 1",
    "1 ",
    "+1",
    "٣",
    "0x5",
    "1.5",
    1.5,
    "1e400",
    1e30,
    "NaN",
]
_NO_NUMBERS: Final = [
    True,
    None,
    [],
    {},
    "",
    "x",
    "1_0",
    " 1",
    "٣",
    ".5",
    "1.",
    "nan",
    "inf",
    "1e999",
    10**400,
]

FITTING: Final[dict[str, list[Any]]] = {
    "page_size": [0, -5, 5.0, "5", "-5", "1e2", "2147483647", -(2**31)],
    "int64": [2**63 - 1, str(2**63 - 1), str(-(2**63)), "1"],
    "uint64": [2**64 - 1, str(2**64 - 1), 0],
    "uint32": [2**32 - 1],
    "ratio": [0, 1.5, "1.5", "-0", "1e-5", "NaN", "Infinity", "-Infinity", 10**300],
    "float": [3.4e38, "1.5", "Infinity"],
    "is_dry": [True, False],
    "name": ["", "é😀\0"],
    "kind": ["NOVEL", 1, 99, -1, 1.0, "2"],
    "cover": ["", "AQI=", "AQI", "_-8=", "_-8", "/+8="],
    "since_time": ["2026-01-02T03:04:05Z", "2024-02-29T23:59:59.123456789+23:59", "0001-01-01T00:00:00Z"],
    "within": ["1s", "-1.5s", "0.000000001s", "315576000000s"],
    "update_mask": [
        "",
        "*",
        "a",
        "a,pageSize",
        "book.pageSize,b2",
        "page_size,book.page_size",
        "pageSize,a_b",
    ],
    "most": [5, "5"],
    "flag": [True],
}
MISFITS: Final[dict[str, list[Any]]] = {
    "page_size": [*_NO_INTEGERS, 2**31, -(2**31) - 1, "2147483648"],
    "int64": [*_NO_INTEGERS, 2**63, str(2**63), "9" * 4_000],
    "uint64": [*_NO_INTEGERS, -1, 2**64, "-1"],
    "uint32": [-1, 2**32],
    "ratio": _NO_NUMBERS,
    "float": [*_NO_NUMBERS, 3.5e38, "1e39"],
    "is_dry": [0, 1, "true", "", None, []],
    "name": [5, None, [], {}, True, "\ud800", "a\udfff"],
    "kind": ["novel", "", "POEM", "\ud800", "é", True, None, [], 1.5, "1.0", "1_0", "٣", 2**31, "2147483648"],
    "cover": [
        5,
        None,
        [],
        "A",
        "AQI==",
        "AAAA=",
        "AAAA==",
        "AAAA====",
        "AAAAAA======",
        "A===",
        "=",
        "AQ I",
        "AQI=\n",
        "+_8=",
        "é",
        "AQ.I",
        "\ud800",
    ],
    "since_time": [
        *(5, None, [], {}, "", "soon", "2026-01-01", "2026-1-1T0:0:0Z", "2026-01-01T00:00:00"),
        *("2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z", "2026-01-01 00:00:00Z"),
        *("2026-01-01t00:00:00z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567891Z"),
        *("2026-01-01T00:00:00+1", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+00:60"),
        *("2026-01-01T00:00:00+ 1:00", "٢٠٢٦-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00"),
        *("9999-12-31T23:59:59-01:00", "2026-01-01T00:00:00Z\n"),
    ],
    "within": [
        *(5, None, [], {}, "", "s", "1", "1.5", ".5s", "1.s", "1. 5s", "--1s", "+1s", "1.-5s", "0_0s", " 0s"),
        *("1s\n", "٣s", "1.1234567891s", "1e1s", "NaNs", "315576000001s", "9999999999999s"),
    ],
    "update_mask": [5, None, [], "a b", "a_", "_a", "a__b", "a_B", "a..b", "a,", ",a", "a.*"],
    "most": ["1_0", True],
    "flag": ["true", 1],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in FITTING for value in FITTING[name]])
def test_it_fits(name: str, value: Any) -> None:
    """And is read as protobuf's own parser reads it, which knows field masks in camelCase alone."""
    field = _FIELDS[name]
    assert fits(field, value)
    owner = GetMessageClass(field.containing_type)
    if owner is not Request:
        ParseDict(value, owner())
        return
    for spelling, many in ((field.name, value), (field.json_name, value), ("books", [{name: value}, {}])):
        ours, theirs = Request(), Request()
        put_json({spelling: many}, ours)
        if "_" in str(value):
            assert ours.ByteSize() > 0
            continue
        ParseDict({spelling: many}, theirs)
        assert ours.SerializeToString() == theirs.SerializeToString()


@pytest.mark.parametrize(
    ("value", "paths"),
    [("pageSize,book.page_size", ["page_size", "book.page_size"]), ("*", ["*"]), ("", []), ("a_1", ["a_1"])],
)
def test_a_field_mask_is_read_in_either_spelling(value: str, paths: list[str]) -> None:
    """Its paths are fields' own names."""
    message = Request()
    put_json({"updateMask": value}, message)
    assert message.update_mask.paths == paths
    assert message.HasField("update_mask")


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in MISFITS for value in MISFITS[name]])
def test_it_does_not_fit(name: str, value: Any) -> None:
    """Whatever a lenient parser would make of it."""
    field = _FIELDS[name]
    assert not fits(field, value)
    if field.containing_type is Request.DESCRIPTOR and value is not None:
        with pytest.raises(InvalidArgument, match="Invalid"):
            put_json({name: value}, Request())


def test_no_value_is_no_field() -> None:
    """Of any type."""
    message = Request()
    put_json(dict.fromkeys(field.json_name for field in Request.DESCRIPTOR.fields), message)
    assert message == Request()
    assert message.ListFields() == []


@pytest.mark.parametrize(
    "content",
    [
        {"pageSize": 1, "page_size": 1},
        {"book": {"page_size": 1, "pageSize": 1}},
        {"a": "x", "b": "y"},
        {"books": [{}, None]},
        {"books": {}},
        {"book": []},
        {"tags": ["x", None]},
        {"kinds": ["NOVEL", "POEM"]},
    ],
)
def test_what_is_said_twice_or_is_no_message_is_refused(content: dict[str, Any]) -> None:
    """Whatever protobuf's own parser would make of it."""
    with pytest.raises(InvalidArgument, match="Invalid") as refused:
        put_json(content, Request())
    assert refused.value.details


def test_other_types_of_protobuf_are_left_to_its_own_parser() -> None:
    """They are in no request of today."""
    fields = struct_pb2.Struct.FieldsEntry.DESCRIPTOR.fields_by_name  # type: ignore[attr-defined]
    assert fits(fields["value"], {"a": [1, None]})
    assert not fits(fields["value"], object())


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"a": 1}, "Invalid value at 'headers[0].value' (TYPE_STRING), 1"),
        ({"a": "x", "b": None}, "Invalid value at 'headers[1].value' (TYPE_STRING), null"),
        ({"\ud800": "x"}, "Invalid value at 'headers[0].key' (TYPE_STRING), \"?\""),
        ([], "Invalid value at 'headers' (Map), []"),
        ("", "Invalid value at 'headers' (Map), \"\""),
    ],
)
def test_maps_are_lists_of_keys_and_values(headers: Any, told: str) -> None:
    """As Google's messages have it."""
    with pytest.raises(InvalidArgument) as refused:
        put_json({"headers": headers}, target_pb2.HttpRequest())
    assert refused.value.message == told


def test_what_is_no_base64_is_told_so() -> None:
    """And not made into other bytes."""
    with pytest.raises(InvalidArgument) as refused:
        put_json({"httpRequest": {"body": "no base64!"}}, task_pb2.Task())
    assert refused.value.message == (
        "Invalid value at 'http_request.body' (TYPE_BYTES), Base64 decoding failed for \"no base64!\""
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", b""),
        ("AQIDBA==", b"\1\2\3\4"),
        ("AQIDBA", b"\1\2\3\4"),
        ("-_-_", b"\xfb\xff\xbf"),
        ("+/+/", b"\xfb\xff\xbf"),
    ],
)
def test_base64_is_read_as_it_is_meant(text: str, meant: bytes) -> None:
    """In either alphabet, padded or not."""
    message = Request()
    put_json({"cover": text}, message)
    assert message.cover == meant
