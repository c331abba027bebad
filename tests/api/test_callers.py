"""--auth-token-file: on every surface, a call without one of the tokens is refused, and nothing of it is read."""

import asyncio
import json
import re
import resource
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import grpc
import pytest
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks import transports
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse
from tests.api.answers import PARENT, QUEUE, new_queue
from tests.api.raw_calls import CLOUD_TASKS, LOCATIONS, OPERATIONS, V2BETA2, V2BETA3, Refused
from tests.api.running import Running, running
from tests.processes import ServerProcess

from taskweir_pb.control.v1 import control_pb2
from taskweir_pb.v2 import cloudtasks_pb2 as pb
from taskweir_pb.v2beta2 import cloudtasks_pb2 as v2beta2
from taskweir_pb.v2beta3 import cloudtasks_pb2 as v2beta3

MIB: Final = 1 << 20
MISSING: Final = (
    "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other "
    "valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
INVALID: Final = MISSING.replace("is missing required", "had invalid").replace(
    "credential.", "credentials.", 1
)
GET_QUEUE: Final = pb.GetQueueRequest(name=QUEUE)
TOKEN: Final = [("authorization", "Bearer secret")]
WRONG: Final = [("authorization", "Bearer wrong")]
LOCATION: Final = "/v2/projects/p/locations/us-central1"


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Running]:
    """A server with a queue that asks for a token, and serves the control API and every dialect."""
    tokens = tmp_path / "tokens"
    tokens.write_text("# of the test\nsecret\n")
    async with running(
        auth_token_file=str(tokens), control="on", functions_url="http://127.0.0.1:9"
    ) as server:
        await server.raw.call("CreateQueue", new_queue(QUEUE), metadata=TOKEN)
        yield server


@pytest.fixture
async def session(guarded: Running) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://{guarded.server.http_address}") as session:
        yield session


def every_grpc_method() -> Iterator[str]:
    services: dict[str, Any] = {
        CLOUD_TASKS: pb.DESCRIPTOR.services_by_name["CloudTasks"],
        V2BETA3: v2beta3.DESCRIPTOR.services_by_name["CloudTasks"],
        V2BETA2: v2beta2.DESCRIPTOR.services_by_name["CloudTasks"],
        "taskweir.control.v1.Control": control_pb2.DESCRIPTOR.services_by_name["Control"],
    }
    for name, service in services.items():
        yield from (f"{name}/{method.name}" for method in service.methods)
    yield f"{OPERATIONS}/GetOperation"
    yield from (f"{LOCATIONS}/{name}" for name in ("GetLocation", "ListLocations"))


@pytest.mark.parametrize("port", ["grpc", "relay"])
async def test_every_method_over_grpc_asks_for_a_token(guarded: Running, port: str) -> None:
    """Those that stream, too; on either port."""
    address = guarded.address if port == "grpc" else guarded.server.http_address
    methods = list(every_grpc_method())
    assert len(methods) > 70
    async with grpc.aio.insecure_channel(address) as channel:
        for rpc in methods:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await channel.unary_unary(f"/{rpc}")(b"\xff", metadata=WRONG)
            assert (rpc, refused.value.code()) == (rpc, grpc.StatusCode.UNAUTHENTICATED)


async def test_every_path_over_http_asks_for_a_token(
    guarded: Running, session: aiohttp.ClientSession
) -> None:
    """All that the OpenAPI document has, which itself is for everybody."""
    async with session.get("/openapi.json") as answer:
        paths = (await answer.json())["paths"]
    asked = 0
    for path, methods in paths.items():
        here = re.sub(r"\{[^}]*\}", "x", path)
        for method in methods.keys() & {"get", "post", "put", "patch", "delete"}:
            async with session.request(method.upper(), here, data=b"{no JSON") as answer:
                assert (method, path, answer.status) == (method, path, 401)
                assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
            asked += 1
    assert asked > 100
    for beginning in ("/v2/", "/v2beta3/", "/v2beta2/", "/taskweir/v1/", "/taskqueue/", "/api/queue"):
        assert any(path.startswith(beginning) for path in paths), beginning


@pytest.mark.parametrize(
    ("metadata", "message", "reason"),
    [([], MISSING, "CREDENTIALS_MISSING"), (WRONG, INVALID, "ACCESS_TOKEN_TYPE_UNSUPPORTED")],
    ids=["missing", "wrong"],
)
async def test_a_refusal_over_grpc_says_what_production_says(
    guarded: Running, metadata: list[tuple[str, str | bytes]], message: str, reason: str
) -> None:
    """With its details."""
    refused = await guarded.raw.refusal("GetQueue", GET_QUEUE, metadata=metadata)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.message) == ("UNAUTHENTICATED", message)
    (info,) = refused.details
    assert (info.reason, info.domain) == (reason, "googleapis.com")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("header", "message", "challenge"),
    [
        ({}, MISSING, 'Bearer realm="https://accounts.google.com/"'),
        (
            {"Authorization": "Bearer wrong"},
            INVALID,
            'Bearer realm="https://accounts.google.com/", error="invalid_token"',
        ),
    ],
    ids=["missing", "wrong"],
)
async def test_a_refusal_over_http_says_what_production_says(
    session: aiohttp.ClientSession, header: dict[str, str], message: str, challenge: str
) -> None:
    """In the envelope, with a challenge."""
    async with session.get(f"{LOCATION}/queues", headers=header) as answer:
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, challenge)
        error = json.loads(await answer.read())["error"]
    assert (error["code"], error["status"], error["message"]) == (401, "UNAUTHENTICATED", message)
    assert error["details"][0]["metadata"]["method"] == "google.cloud.tasks.v2.CloudTasks.ListQueues"


async def test_the_old_api_refuses_in_its_envelope(session: aiohttp.ClientSession) -> None:
    """As it does all else."""
    async with session.get("/taskqueue/v1beta2/projects/p/taskqueues/q") as answer:
        error = json.loads(await answer.read())["error"]
    assert (error["code"], error["errors"][0]["reason"]) == (401, "authError")


async def test_the_sdk_is_served_with_a_token(guarded: Running) -> None:
    """Over gRPC, on either port."""
    for address in (guarded.address, guarded.server.http_address):
        async with grpc.aio.insecure_channel(address) as channel:
            transport = transports.CloudTasksGrpcAsyncIOTransport(channel=channel)
            client = tasks_v2.CloudTasksAsyncClient(transport=transport)
            queue = await client.get_queue(name=QUEUE, metadata=TOKEN)  # type: ignore[arg-type]
            assert queue.name == QUEUE


@pytest.mark.parametrize(
    ("query", "header", "status"),
    [
        ("", "Bearer secret", 200),
        ("?access_token=secret", None, 200),
        ("?oauth_token=secret", None, 200),
        ("?$access_token=secret", None, 200),
        ("?access_token=wrong", None, 401),
        ("?access_token=%ff", None, 401),
        ("?key=secret", None, 401),
        ("?access_token=secret", "Bearer wrong", 401),
        ("?access_token=wrong", "Bearer secret", 200),
    ],
)
async def test_over_http_the_token_may_be_in_the_url(
    session: aiohttp.ClientSession, query: str, header: str | None, status: int
) -> None:
    """As Google's APIs have it; what the header says goes before it."""
    headers = {"Authorization": header} if header else {}
    async with session.get(f"{LOCATION}/queues/q{query}", headers=headers) as answer:
        assert answer.status == status


async def test_a_token_in_a_body_is_not_looked_for(session: aiohttp.ClientSession) -> None:
    """Though a query may come as the body."""
    headers = {
        "X-HTTP-Method-Override": "GET",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    async with session.post(f"{LOCATION}/queues", headers=headers, data=b"access_token=secret") as answer:
        assert answer.status == 401
    headers["Authorization"] = "Bearer secret"
    async with session.post(f"{LOCATION}/queues", headers=headers, data=b"pageSize=1") as answer:
        assert answer.status == 200


async def test_metrics_ask_for_a_token(session: aiohttp.ClientSession) -> None:
    """They have the names of queues."""
    async with session.get("/metrics") as answer:
        assert (answer.status, "WWW-Authenticate" in answer.headers) == (401, True)
        assert QUEUE not in await answer.text()
    async with session.get("/metrics", headers={"Authorization": "Bearer secret"}) as answer:
        assert (answer.status, QUEUE in await answer.text()) == (200, True)


async def test_refused_calls_are_counted_by_methods_that_there_are(
    guarded: Running, session: aiohttp.ClientSession
) -> None:
    """Over gRPC and HTTP alike; what nobody serves makes no series."""
    assert await guarded.raw.refusal("GetQueue", GET_QUEUE)
    async with session.get(f"{LOCATION}/queues/q") as answer:
        assert answer.status == 401
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await guarded.channel.unary_unary(f"/{CLOUD_TASKS}/Invented")(b"")
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    async with session.get("/v2/invented") as answer:
        assert answer.status == 404
    async with session.get("/metrics?access_token=secret") as answer:
        lines = (await answer.text()).splitlines()
    counted = [line for line in lines if line.startswith("taskweir_calls_total") and "UNAUTH" in line]
    assert counted == [f'taskweir_calls_total{{code="UNAUTHENTICATED",rpc="{CLOUD_TASKS}/GetQueue"}} 2.0']
    assert not any("nvented" in line for line in lines)


async def test_what_watches_the_server_needs_no_token(
    guarded: Running, session: aiohttp.ClientSession
) -> None:
    """Health of the whole server; a message is not asked for, nor read. Reflection is for callers."""
    async with session.get("/healthz") as answer:
        assert answer.status == 200
    health = await health_pb2_grpc.HealthStub(guarded.channel).Check(health_pb2.HealthCheckRequest())
    assert health.status == health_pb2.HealthCheckResponse.SERVING
    for sent in (b"no message", b""):
        call = guarded.channel.stream_unary("/grpc.health.v1.Health/Check")(iter([sent] if sent else []))
        assert health_pb2.HealthCheckResponse.FromString(await call) == health
    watch = guarded.channel.stream_stream("/grpc.health.v1.Health/Watch")()
    assert health_pb2.HealthCheckResponse.FromString(await watch.read()) == health
    watch.cancel()

    async def questions() -> AsyncIterator[ServerReflectionRequest]:
        yield ServerReflectionRequest(list_services="")

    ask = guarded.channel.stream_stream(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        request_serializer=ServerReflectionRequest.SerializeToString,
        response_deserializer=ServerReflectionResponse.FromString,
    )
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        # Nothing is sent: of what is refused before, gRPC's client says only that it could not send it.
        await ask().read()
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    token = (("authorization", "Bearer secret"),)
    [told] = [answer async for answer in ask(questions(), metadata=token)]
    assert CLOUD_TASKS in [service.name for service in told.list_services_response.service]


async def test_a_preflight_needs_no_token(tmp_path: Path) -> None:
    """Browsers send none with it; with what follows they do."""
    tokens = tmp_path / "tokens"
    tokens.write_text("secret")
    page = {"Origin": "https://console.example.com"}
    wish = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    async with (
        running(auth_token_file=str(tokens), allow_origin=page["Origin"]) as server,
        aiohttp.ClientSession(f"http://{server.server.http_address}", headers=page) as session,
    ):
        async with session.options(f"{LOCATION}/queues", headers=wish) as answer:
            assert answer.status == 204
            assert answer.headers["Access-Control-Allow-Headers"] == "authorization"
        async with session.get(f"{LOCATION}/queues") as answer:
            assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (401, page["Origin"])
        async with session.get(f"{LOCATION}/queues", headers={"Authorization": "Bearer secret"}) as answer:
            assert answer.status == 200


async def test_tokens_are_renewed_without_a_restart(tmp_path: Path) -> None:
    """The old one is of no more use then."""
    tokens = tmp_path / "tokens"
    tokens.write_text("old")
    async with running(auth_token_file=str(tokens)) as server:
        request = pb.ListQueuesRequest(parent=PARENT)

        async def is_let_in(token: str) -> bool:
            metadata = [("authorization", f"Bearer {token}")]
            return await server.raw.refusal("ListQueues", request, metadata=metadata) is None

        assert (await is_let_in("old"), await is_let_in("new")) == (True, False)
        tokens.write_text("newer\nnew")
        async with asyncio.timeout(10):
            while not await is_let_in("new"):
                await asyncio.sleep(0)
        assert not await is_let_in("old")


async def test_strict_rules_hold_beside_it(tmp_path: Path) -> None:
    """First the token, then the rest."""
    tokens = tmp_path / "tokens"
    tokens.write_text("secret")
    async with running(auth_token_file=str(tokens), strict="true") as server:
        refused = [await server.raw.refusal("GetQueue", GET_QUEUE, metadata=sent) for sent in (WRONG, TOKEN)]
    assert [refusal.code for refusal in refused if refusal] == ["UNAUTHENTICATED", "INVALID_ARGUMENT"]


async def test_a_message_over_grpc_is_not_received_before_its_sender_is_known(tmp_path: Path) -> None:
    """It costs neither memory nor time."""
    tokens = tmp_path / "tokens"
    tokens.write_text("secret")
    message = b"x" * (100 * MIB)
    log = tmp_path / "log"
    async with await ServerProcess.serving(
        tmp_path / "data.db", log, "--auth-token-file", str(tokens)
    ) as server:
        options = [("grpc.max_send_message_length", -1)]
        async with grpc.aio.insecure_channel(server.grpc, options) as channel:
            create = channel.unary_unary(f"/{CLOUD_TASKS}/CreateTask")
            before = server.resident_mib()
            for _ in range(3):
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await create(message, timeout=30)
                assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
            assert server.resident_mib() - before < 20
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await create(message, timeout=30, metadata=TOKEN)
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert await server.stop() == 0


async def test_a_body_over_http_is_not_read_before_its_sender_is_known(
    guarded: Running, session: aiohttp.ClientSession
) -> None:
    """Nothing is taken for it from what bodies may have together, and nobody is told to go on."""
    reader, writer = await asyncio.open_connection(*guarded.server.http_address.split(":"))
    writer.write(
        f"POST {LOCATION}/queues HTTP/1.1\r\nHost: localhost\r\nContent-Length: {100 * MIB}\r\n"
        "Expect: 100-continue\r\n\r\n".encode()
    )
    assert (await reader.readline()) == b"HTTP/1.1 401 Unauthorized\r\n"
    writer.close()

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken = []
    bodies = guarded.server._rest._bodies

    async def large() -> AsyncIterator[bytes]:
        for _ in range(100):
            taken.append(bodies._taken)
            yield bytes(MIB)

    async with session.post(f"{LOCATION}/queues", data=large()) as answer:
        assert answer.status == 401
    assert max(taken) == 0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


async def test_a_stream_of_events_asks_for_a_token(session: aiohttp.ClientSession) -> None:
    """Before it begins."""
    async with session.get("/taskweir/v1/attempts:watch") as answer:
        assert (answer.status, answer.content_type) == (401, "application/json")
    async with session.get("/taskweir/v1/attempts:watch?access_token=secret") as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")


async def test_faults_do_not_act_on_who_is_not_known(guarded: Running) -> None:
    """They would tell that there is something."""
    fault = {"call": {"method": "GetQueue"}, "fail": {"code": "ABORTED"}}
    async with aiohttp.ClientSession(f"http://{guarded.server.http_address}") as session:
        made = await session.post(
            "/taskweir/v1/faults", json=fault, headers={"Authorization": "Bearer secret"}
        )
        assert made.status == 200
    refused = await guarded.raw.refusal("GetQueue", GET_QUEUE)
    assert refused is not None
    assert refused.code == "UNAUTHENTICATED"
    served = await guarded.raw.refusal("GetQueue", GET_QUEUE, metadata=TOKEN)
    assert served is not None
    assert served.code == "ABORTED"
