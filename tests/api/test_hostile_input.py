"""Whatever is sent, the answer is one that the caller can act on: never UNKNOWN, never INTERNAL, never a traceback."""

import logging
import random
from collections.abc import AsyncIterator

import pytest
from tests.api.answers import HTTP, PARENT, QUEUE, TASK_ID_HELP, make_world, new_queue, new_task
from tests.api.hostile import HONEST, hostile_requests
from tests.api.raw_calls import Refused, every_rpc
from tests.api.running import Running

from taskweir_pb.v2 import cloudtasks_pb2 as pb

ORDERLY = {
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "FAILED_PRECONDITION",
    "ABORTED",
}
NOT_PARSED = Refused("INVALID_ARGUMENT", "The request could not be parsed.")

each_rpc = pytest.mark.parametrize("rpc", list(every_rpc()), ids=lambda rpc: rpc.rpartition("/")[2])


@pytest.fixture
async def world(server: Running, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Running]:
    """A server with a queue and a task, which logs no error while the test calls it."""
    await make_world(server)
    yield server
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def assert_orderly(refusal: Refused | None, what: object) -> None:
    assert refusal is None or (refusal.code in ORDERLY and "Traceback" not in refusal.message), (
        what,
        refusal,
    )


def test_every_rpc_has_an_honest_request() -> None:
    """A method that is added cannot be forgotten here."""
    assert set(HONEST) == set(every_rpc())


@each_rpc
async def test_an_empty_request_is_refused_with_a_reason(world: Running, rpc: str) -> None:
    """No method needs nothing."""
    refusal = await world.raw.refusal(rpc, b"")

    assert refusal is not None
    assert refusal.code == "INVALID_ARGUMENT"
    assert refusal.message


@each_rpc
@pytest.mark.parametrize(
    "data",
    [b"\xff", b"\x0a", b"\x0a\x7f", b"\x0a\x02\xc3\x28", b"\x07", b"\x0a\x03\xed\xa0\x80", b"\x0b" * 200],
    ids=[
        "a tag cut off",
        "a length missing",
        "a length beyond the end",
        "text that is not UTF-8",
        "a wire type that does not exist",
        "a surrogate in UTF-8",
        "groups without an end",
    ],
)
async def test_bytes_that_are_no_message_are_an_invalid_argument(
    world: Running, rpc: str, data: bytes
) -> None:
    """gRPC's own answer would be UNKNOWN or INTERNAL."""
    assert await world.raw.refusal(rpc, data) == NOT_PARSED


@each_rpc
async def test_random_bytes_are_answered(world: Running, rpc: str) -> None:
    """Noise alone, and honest requests in which noise changed some bytes."""
    noise = random.Random(rpc)
    honest = HONEST[rpc].SerializeToString()
    for _ in range(60):
        data = noise.randbytes(noise.randrange(40))
        assert_orderly(await world.raw.refusal(rpc, data), data)
        changed = bytearray(honest)
        for _ in range(noise.randint(1, 3)):
            changed[noise.randrange(len(changed))] = noise.randrange(256)
        assert_orderly(await world.raw.refusal(rpc, bytes(changed)), bytes(changed))


@each_rpc
async def test_every_field_may_hold_anything(world: Running, rpc: str) -> None:
    """Unset and empty messages, numbers out of range, NaN, unknown enum numbers, long and odd text, large bytes."""
    for what, request in hostile_requests(HONEST[rpc]):
        assert_orderly(await world.raw.refusal(rpc, request), what)


async def test_an_unknown_field_is_passed_over(world: Running) -> None:
    """A newer client may send what this server does not know."""
    request = pb.GetQueueRequest(name=QUEUE).SerializeToString() + b"\xf8\x7f\x01"

    assert await world.raw.refusal("GetQueue", request) is None


async def test_a_body_of_two_megabytes_is_too_large(world: Running) -> None:
    """It arrives, and is refused for its size rather than by the transport."""
    refusal = await world.raw.refusal("CreateTask", new_task(http_request=HTTP | {"body": b"x" * 2_000_000}))

    assert refusal == Refused("INVALID_ARGUMENT", "Task size too large")


async def test_a_batch_of_a_hundred_large_tasks_arrives(world: Running) -> None:
    """It may be far larger than gRPC's default of 4 MiB, and so may what is sent back."""
    request = new_task(http_request=HTTP | {"body": b"x" * 100_000})
    request.response_view = 2

    operation = await world.raw.call(
        "BatchCreateTasks", pb.BatchCreateTasksRequest(parent=QUEUE, requests=[request] * 40)
    )

    tasks = pb.BatchCreateTasksResponse.FromString(operation.response.value).tasks
    assert {len(task.http_request.body) for task in tasks} == {100_000}
    assert len(tasks) == 40


async def test_a_long_name_is_cut_in_the_message(world: Running) -> None:
    """Else the answer would be too long for the client, which would see RESOURCE_EXHAUSTED."""
    refusal = await world.raw.refusal(
        "CreateTask", new_task(name=f"{QUEUE}/tasks/{'a' * 10_000}", http_request=HTTP)
    )

    assert refusal is not None
    assert refusal.code == "INVALID_ARGUMENT"
    assert refusal.message.startswith(f'Task ID "{"a" * 1_000}…" can contain only letters')
    assert refusal.details == (TASK_ID_HELP,)


async def test_details_that_do_not_fit_are_left_out(world: Running) -> None:
    """Text outside ASCII takes three bytes a byte on the wire; the message itself always arrives."""
    refusal = await world.raw.refusal("CreateQueue", new_queue(parent="ü" * 10_000))

    assert refusal is not None
    assert refusal.code == "PERMISSION_DENIED"
    assert refusal.message.startswith("Permission denied on resource project üüü")
    assert refusal.details == ()


async def test_a_long_routing_header_is_taken(world: Running) -> None:
    """The official client repeats names in a header, whose limit is 8 KiB by gRPC's default."""
    name = f"{PARENT}/queues/{'a' * 20_000}"

    refusal = await world.raw.refusal(
        "GetQueue", pb.GetQueueRequest(name=name), metadata=[("x-goog-request-params", f"name={name}")]
    )

    assert refusal is not None
    assert refusal.code == "INVALID_ARGUMENT"
    assert refusal.message.startswith('Queue ID "aaa')


@pytest.mark.parametrize("place", range(0, 60, 7))
async def test_a_tampered_page_token_is_refused(world: Running, place: int) -> None:
    """A token is good as it was given, and in no other form."""
    page = await world.raw.call("ListQueues", pb.ListQueuesRequest(parent=PARENT, page_size=1))
    token = page.next_page_token
    assert (
        await world.raw.refusal("ListQueues", pb.ListQueuesRequest(parent=PARENT, page_token=token)) is None
    )

    place %= len(token) - 1
    tampered = f"{token[:place]}{'A' if token[place] != 'A' else 'B'}{token[place + 1 :]}"

    assert await world.raw.refusal(
        "ListQueues", pb.ListQueuesRequest(parent=PARENT, page_token=tampered)
    ) == Refused("INVALID_ARGUMENT", "The page token is invalid, or belongs to another request.")


async def test_a_page_token_of_another_request_is_refused(world: Running) -> None:
    """A token goes on with its own listing."""
    page = await world.raw.call("ListQueues", pb.ListQueuesRequest(parent=PARENT, page_size=1))

    for request in (
        pb.ListQueuesRequest(parent=PARENT, filter="state:RUNNING", page_token=page.next_page_token),
        pb.ListQueuesRequest(parent="projects/p/locations/us-east1", page_token=page.next_page_token),
    ):
        refusal = await world.raw.refusal("ListQueues", request)
        assert refusal == Refused(
            "INVALID_ARGUMENT", "The page token is invalid, or belongs to another request."
        )


async def test_a_method_that_does_not_exist_is_unimplemented(world: Running) -> None:
    """As gRPC has it."""
    with pytest.raises(Exception, match="UNIMPLEMENTED"):
        await world.channel.unary_unary("/google.cloud.tasks.v2.CloudTasks/LeaseTasks")(b"")


async def test_our_own_bug_shows_no_traceback(
    server: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller is told what production would say; the log has the rest."""

    async def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("taskweir.service.queues.QueueService.get", broken)

    refusal = await server.raw.refusal("GetQueue", pb.GetQueueRequest(name=QUEUE))

    assert refusal == Refused("INTERNAL", "Internal error encountered.")
    assert "a secret" in caplog.text
