"""--strict: what production asks of a call beside its request, and its narrower rules."""

from typing import Final

import grpc
import pytest
from google.longrunning.operations_proto_pb2 import GetOperationRequest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.api.answers import HTTP, LATER, PARENT, QUEUE, new_queue
from tests.api.hostile import HONEST
from tests.api.raw_calls import OPERATIONS, RawClient, Refused, every_rpc, method_of
from tests.api.running import Running, running

from taskweir.api.call import Call
from taskweir.api.methods import Method
from taskweir.api.strictness import Strictness
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.times import SECOND
from taskweir_pb.v2 import cloudtasks_pb2 as pb

CREDENTIALS: Final = ("authorization", "Bearer x")
GET_QUEUE: Final = pb.GetQueueRequest(name=QUEUE)
MISSING: Final = (
    '"x-goog-request-params" header is either missing or misformatted. "x-goog-request-params" must contain '
)


@pytest.fixture
async def strict(strict_server: Running) -> RawClient:
    """Calls to a strict server that has a queue."""
    request = new_queue(QUEUE)
    await strict_server.raw.call("CreateQueue", request, metadata=routed(f"parent={PARENT}"))
    return strict_server.raw


def routed(params: str) -> list[tuple[str, str | bytes]]:
    return [CREDENTIALS, ("x-goog-request-params", params)]


@pytest.mark.parametrize(
    "params",
    [
        f"name={QUEUE}",
        "name=projects%2Fp%2Flocations%2Fus-central1%2Fqueues%2Fq",
        f"other=x&name={QUEUE}",
    ],
)
async def test_a_call_with_credentials_and_routing_is_served(strict: RawClient, params: str) -> None:
    """Encoded or not, as clients of different ages send it."""
    assert await strict.refusal("GetQueue", GET_QUEUE, metadata=routed(params), timeout=20) is None


@pytest.mark.parametrize(
    "metadata", [[], [("authorization", "")], [("x-goog-request-params", f"name={QUEUE}")]]
)
async def test_a_call_without_credentials_is_refused(
    strict: RawClient, metadata: list[tuple[str, str | bytes]]
) -> None:
    """Whatever else it has."""
    assert await strict.refusal("GetQueue", GET_QUEUE, metadata=metadata) == Refused(
        "UNAUTHENTICATED",
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other "
        "valid authentication credential. "
        "See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        (
            ErrorInfo(
                reason="CREDENTIALS_MISSING",
                domain="googleapis.com",
                metadata={
                    "method": "google.cloud.tasks.v2.CloudTasks.GetQueue",
                    "service": "cloudtasks.googleapis.com",
                },
            ),
        ),
    )


@pytest.mark.parametrize(
    "params", [None, "", f"parent={QUEUE}", f"name={PARENT}/queues/other", "name", f"NAME={QUEUE}"]
)
async def test_a_call_without_its_routing_header_is_refused(strict: RawClient, params: str | None) -> None:
    """Missing, of another field, or of another queue."""
    metadata = [CREDENTIALS] if params is None else routed(params)

    assert await strict.refusal("GetQueue", GET_QUEUE, metadata=metadata) == Refused(
        "INVALID_ARGUMENT", f'{MISSING}"name={QUEUE}"'
    )


@pytest.mark.parametrize(
    ("rpc", "request_", "param"),
    [
        ("UpdateQueue", pb.UpdateQueueRequest(queue={"name": QUEUE}), f"queue.name={QUEUE}"),
        ("CreateTask", pb.CreateTaskRequest(parent=QUEUE), f"parent={QUEUE}"),
        (
            "UpdateCmekConfig",
            pb.UpdateCmekConfigRequest(cmek_config={"name": f"{PARENT}/cmekConfig"}),
            f"cmek_config.name={PARENT}/cmekConfig",
        ),
        (f"{OPERATIONS}/GetOperation", GetOperationRequest(name="x"), "name=x"),
    ],
    ids=lambda value: value if isinstance(value, str) and "=" not in value else "",
)
async def test_the_routing_header_names_the_field_of_the_http_path(
    strict: RawClient, rpc: str, request_: Message, param: str
) -> None:
    """Each method has its own."""
    refusal = await strict.refusal(rpc, request_, metadata=[CREDENTIALS])

    assert refusal == Refused("INVALID_ARGUMENT", f'{MISSING}"{param}"')


@pytest.mark.parametrize("rpc", list(every_rpc()), ids=lambda rpc: rpc.rpartition("/")[2])
async def test_every_method_is_checked(strict: RawClient, rpc: str) -> None:
    """None slips through."""
    assert method_of(rpc)
    refusal = await strict.refusal(rpc, HONEST[rpc])

    assert refusal is not None
    assert refusal.code == "UNAUTHENTICATED"


async def test_a_call_that_is_not_routed_needs_no_routing_header() -> None:
    """Its path has no variable that could be in it."""
    method = Method("a.B/C", "C", "", (), pb.GetQueueRequest, lambda request, call: request)

    Strictness(lambda: 0)(method, GET_QUEUE, Call("a.B/C", [CREDENTIALS], None))


async def test_a_deadline_of_more_than_thirty_seconds_is_refused(strict: RawClient) -> None:
    """The message shows it in US Pacific time."""
    refusal = await strict.refusal("GetQueue", GET_QUEUE, metadata=routed(f"name={QUEUE}"), timeout=40)

    assert refusal is not None
    assert refusal.code == "INVALID_ARGUMENT"
    assert refusal.message.startswith("The request deadline is 2")
    assert refusal.message.endswith(". The deadline cannot be more than 30s in the future.")
    assert await strict.refusal("GetQueue", GET_QUEUE, metadata=routed(f"name={QUEUE}"), timeout=None) is None


@pytest.mark.parametrize(
    ("remaining", "shown"),
    [(31, "2026-11-22T04:00:31-08:00"), (86_400 * 365 * 11_000, "2126-10-29T05:00:00-07:00")],
    ids=["soon", "beyond the calendar"],
)
async def test_a_deadline_is_shown_as_a_date(
    remaining: float, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real time counts, whatever the server's clock says; a deadline that no calendar has is shown as a near one."""
    monkeypatch.setattr("taskweir.api.strictness.time.monotonic", lambda: 0.0)
    strictness = Strictness(lambda: 1_795_348_800 * SECOND)
    method = Method("rpc", "name", "name", (), pb.GetQueueRequest, pytest.fail)
    call = Call("rpc", [CREDENTIALS], deadline=remaining)

    with pytest.raises(InvalidArgument) as refused:
        strictness(method, GET_QUEUE, call)

    assert refused.value.message == (
        f"The request deadline is {shown}. The deadline cannot be more than 30s in the future."
    )


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        (
            {
                "http_request": HTTP
                | {"url": "http://x/", "oidc_token": {"service_account_email": "a@b.iam.gserviceaccount.com"}}
            },
            Refused(
                "INVALID_ARGUMENT",
                "HttpRequest.url must start with 'https://' for request with HttpRequest.authorization_header",
            ),
        ),
        (
            {"http_request": HTTP | {"oidc_token": {"service_account_email": "me@example.com"}}},
            Refused("NOT_FOUND", "Service account me@example.com does not exist."),
        ),
        (
            {"http_request": HTTP | {"oidc_token": {"service_account_email": "a@b.iam.gserviceaccount.com"}}},
            None,
        ),
    ],
    ids=["token over http", "unknown account", "token over https"],
)
async def test_tokens_go_where_production_lets_them(
    strict: RawClient, task: dict[str, object], answer: Refused | None
) -> None:
    """To https targets, for service accounts."""
    request = pb.CreateTaskRequest(parent=QUEUE, task={"schedule_time": LATER, **task})

    assert await strict.refusal("CreateTask", request, metadata=routed(f"parent={QUEUE}")) == answer


async def test_only_productions_locations_can_be_used(strict: RawClient) -> None:
    """Others are invalid."""
    parent = "projects/p/locations/my-laptop"

    refusal = await strict.refusal(
        "CreateQueue", new_queue(f"{parent}/queues/q", parent), metadata=routed(f"parent={parent}")
    )

    assert refusal == Refused(
        "INVALID_ARGUMENT",
        "Location 'my-laptop' is not a valid location. Use ListLocations to list valid locations.",
    )


async def test_health_needs_no_credentials(strict_server: Running) -> None:
    """Load balancers have none."""
    health = health_pb2_grpc.HealthStub(strict_server.channel)

    answer = await health.Check(health_pb2.HealthCheckRequest())

    assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_the_default_asks_for_none_of_this() -> None:
    """No credentials, no header, any deadline."""
    async with running() as server:
        await server.raw.call("CreateQueue", new_queue(QUEUE), timeout=3_600)
        assert server.channel.get_state() is grpc.ChannelConnectivity.READY
