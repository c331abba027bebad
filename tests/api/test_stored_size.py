"""The size that production's limit is about."""

import pytest

from taskweir.api.v2.codec_task import stored_size
from taskweir.domain.model import AppEngineRequest, AppEngineRouting, HttpRequest, Payload, Task
from taskweir.domain.names import LocationName

NAME = LocationName("p", "us-central1").queue("q").task("t")
HOST = "i.v.s.p.appspot.com"


def size(payload: Payload, **fields: int) -> int:
    return stored_size(Task(NAME, payload, schedule_time=0, create_time=0, **fields))


def test_the_body_counts() -> None:
    """Also where a view would not show it."""
    assert size(HttpRequest("http://x", body=b"x" * 100)) - size(HttpRequest("http://x")) == 102


def test_of_a_routing_the_host_alone_counts() -> None:
    """The parts are in it (measured on the live service)."""
    whole = AppEngineRequest(routing=AppEngineRouting("s", "v", "i", HOST))

    assert size(whole) == size(AppEngineRequest(routing=AppEngineRouting(host=HOST)))


@pytest.mark.parametrize("payload", [HttpRequest("http://x"), AppEngineRequest()], ids=["HTTP", "App Engine"])
def test_a_deadline_counts_when_it_is_stored(payload: Payload) -> None:
    """An App Engine task has none until the caller sets it."""
    assert size(payload, dispatch_deadline=900_000_000) - size(payload) == 5
