"""The parameter `fields`: partial responses."""

from typing import Any

import pytest
from google.longrunning import operations_proto_pb2
from google.protobuf.json_format import MessageToDict, ParseDict
from tests.api.library import Request

from taskweir.api.rest.field_selection import select, selected_json, selection
from taskweir.domain.errors import InvalidArgument
from taskweir_pb.v2 import cloudtasks_pb2, task_pb2

REPLY = {
    "name": "n",
    "pageSize": 5,
    "tags": ["x", "y"],
    "book": {"name": "b", "isDry": True, "book": {"name": "c", "pageSize": 1}},
    "books": [{"name": "d", "pageSize": 2}, {"pageSize": 3}],
}


def test_what_is_asked_for_of_every_field_stays_apart() -> None:
    """What is added for one is for no other."""
    wanted = selection("*(state),response(@type)", operations_proto_pb2.Operation.DESCRIPTOR)
    packed = {"@type": "t", "state": "s"}
    assert selected_json({"metadata": packed, "response": packed}, wanted) == {
        "metadata": {"state": "s"},
        "response": packed,
    }


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ("name", {"name": "n"}),
        ("name,pageSize", {"name": "n", "pageSize": 5}),
        (" name , page_size ", {"name": "n", "pageSize": 5}),
        ("page_size", {"pageSize": 5}),
        ("tags", {"tags": ["x", "y"]}),
        ("kind", {}),
        ("*", REPLY),
        ("*,name", REPLY),
        ("book", {"book": REPLY["book"]}),
        ("book/name", {"book": {"name": "b"}}),
        ("book.name", {"book": {"name": "b"}}),
        ("book(name,isDry)", {"book": {"name": "b", "isDry": True}}),
        ("book/book/name,name", {"name": "n", "book": {"book": {"name": "c"}}}),
        ("book(name,book(page_size))", {"book": {"name": "b", "book": {"pageSize": 1}}}),
        ("book/book(name)", {"book": {"book": {"name": "c"}}}),
        ("book/name,book/isDry", {"book": {"name": "b", "isDry": True}}),
        ("book/name,book", {"book": REPLY["book"]}),
        ("book,book/name", {"book": REPLY["book"]}),
        ("book(book/name,book/pageSize)", {"book": {"book": {"name": "c", "pageSize": 1}}}),
        ("book/*", {"book": REPLY["book"]}),
        ("books/name", {"books": [{"name": "d"}, {}]}),
        ("books(name,pageSize)", {"books": REPLY["books"]}),
        ("*/name", {"book": {"name": "b"}, "books": [{"name": "d"}, {}]}),
        ("*/name,name", {"name": "n", "book": {"name": "b"}, "books": [{"name": "d"}, {}]}),
        ("book/*/name", {"book": {"book": {"name": "c"}}}),
    ],
)
def test_a_reply_has_what_is_asked_for(fields: str, left: dict[str, Any]) -> None:
    """In JSON and as a message."""
    wanted = selection(fields, Request.DESCRIPTOR)
    assert selected_json(REPLY, wanted) == left

    message = ParseDict(REPLY, Request())
    select(message, wanted)
    assert MessageToDict(message) == left


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("nope", "nope"),
        ("name,nope", "nope"),
        ("book/nope", "book/nope"),
        ("book(book(name,nope))", "book/book/nope"),
        ("books/nope/name", "books/nope"),
        ("name/x", "name/x"),
        ("tags/x", "tags/x"),
        ("sinceTime/seconds", "sinceTime/seconds"),
        (",", ","),
        ("name,", "name,"),
        ("name,,tags", "name,,tags"),
        ("/name", "/name"),
        ("name/", "name/"),
        ("book(", "book("),
        ("book()", "book()"),
        ("book(name", "book(name"),
        ("book(name))", "book(name))"),
        ("book(name)name", "book(name)name"),
        ("name tags", "name tags"),
        ("(name)", "(name)"),
        ("book/" * 200 + "name", "book/" * 200 + "…"),
        ("book(" * 20_000, "book(" * 200 + "…"),
        ("book/" * 90_000 + "name", "book/" * 200 + "…"),
    ],
)
def test_what_selects_nothing_there_is_refused(fields: str, told: str) -> None:
    """With the path that is wrong, or all of what is no selection."""
    with pytest.raises(InvalidArgument) as refused:
        selection(fields, Request.DESCRIPTOR)
    assert refused.value.message == f"Invalid field selection {told}"


def test_fifty_levels_can_be_selected() -> None:
    """As many as anybody needs; a path is as deep as the brackets that say the same."""
    deep = selection("book/" * 50 + "name", Request.DESCRIPTOR)
    assert selection("book(" * 50 + "name" + ")" * 50, Request.DESCRIPTOR) == deep


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ("headers/Accept", {"headers": {"Accept": "a"}}),
        ("headers(Accept,X-Other)", {"headers": {"Accept": "a", "X-Other": "o"}}),
        ("headers/*", {"headers": {"Accept": "a", "X-Other": "o"}}),
        ("headers/nope", {"headers": {}}),
    ],
)
def test_a_map_is_searched_by_its_keys(fields: str, left: dict[str, Any]) -> None:
    """Which nobody knows beforehand."""
    http = task_pb2.Task.DESCRIPTOR.fields_by_name["http_request"].message_type
    reply = {"url": "u", "headers": {"Accept": "a", "X-Other": "o"}}
    assert selected_json(reply, selection(fields, http)) == left


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ("name,response/tasks/name", {"name": "o", "response": {"tasks": [{"name": "t"}]}}),
        ("response(*/name)", {"response": {"tasks": [{"name": "t"}]}}),
        ("response(@type,*/view)", {"response": {"@type": "x", "tasks": [{"view": 1}]}}),
        ("response(tasks/name,*/view)", {"response": {"tasks": [{"name": "t", "view": 1}]}}),
        ("response(tasks,*/view)", {"response": {"tasks": [{"name": "t", "view": 1}]}}),
    ],
)
def test_an_any_is_searched_by_the_names_in_its_json(fields: str, left: dict[str, Any]) -> None:
    """What it holds is known only then."""
    reply = {"name": "o", "response": {"@type": "x", "tasks": [{"name": "t", "view": 1}]}}
    wanted = selection(fields, operations_proto_pb2.Operation.DESCRIPTOR)
    assert selected_json(reply, wanted) == left


@pytest.mark.parametrize("fields", ["*/nope", "*/*/nope", "queues/*/nope", "*/queues"])
def test_what_no_field_has_is_refused(fields: str) -> None:
    """Of the fields that `*` stands for, one at least must have it."""
    with pytest.raises(InvalidArgument, match="Invalid field selection"):
        selection(fields, _reply("ListQueuesResponse"))


def test_pages_are_selected_from() -> None:
    """Lists are gone through."""
    wanted = selection("queues(name,rateLimits/max_burst_size),nextPageToken", _reply("ListQueuesResponse"))
    reply = {"queues": [{"name": "q", "rateLimits": {"maxBurstSize": 5, "x": 1}, "state": "RUNNING"}]}
    assert selected_json(reply, wanted) == {"queues": [{"name": "q", "rateLimits": {"maxBurstSize": 5}}]}


def _reply(name: str) -> Any:
    return cloudtasks_pb2.DESCRIPTOR.message_types_by_name[name]
