"""Every method of every version is served: over gRPC, and over HTTP by each of its bindings."""

import base64
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import count
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import grpc.aio
import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from tests.api.running import Running
from yarl import URL

from taskweir.api.descriptors import descriptor_pool, service
from taskweir.api.http_rule import ANY_METHOD, WHOLE_BODY, Binding, bindings_of

VERSIONS: Final = ("v2", "v2beta3", "v2beta2")
MIXINS: Final = ("google.longrunning.Operations/GetOperation", "google.cloud.location.Locations")
HTTP_TASK: Final = {"httpRequest": {"url": "http://target.example/"}}

_numbers: Final = count(1)

Request = Mapping[str, Any]


@dataclass(frozen=True)
class World:
    """What a call may be about. Each call has a project of its own, so that none gets in another's way."""

    parent: str

    @property
    def project(self) -> str:
        return self.parent.split("/")[1]

    @property
    def queue(self) -> str:
        return f"{self.parent}/queues/push"

    @property
    def task(self) -> str:
        return f"{self.queue}/tasks/there"

    @property
    def pull_queue(self) -> str:
        return f"{self.parent}/queues/pull"

    @property
    def leased(self) -> str:
        return f"{self.pull_queue}/tasks/leased"

    @property
    def operation(self) -> str:
        return f"{self.parent}/operations/done"


@dataclass(frozen=True)
class Caller:
    """Calls methods with requests in JSON's form. Of messages, those under their true names."""

    channel: grpc.aio.Channel
    session: aiohttp.ClientSession
    url: str

    async def grpc(self, rpc: str, method: MethodDescriptor, request: Request) -> dict[str, Any]:
        message = json_format.ParseDict(request, GetMessageClass(method.input_type)())
        reply = await self.channel.unary_unary(f"/{rpc}")(message.SerializeToString(), timeout=20)
        return json_format.MessageToDict(
            GetMessageClass(method.output_type).FromString(reply), descriptor_pool=descriptor_pool()
        )

    async def rest(self, binding: Binding, request: Request) -> tuple[int, Any]:
        path, rest = filled(binding, request)
        how: dict[str, Any] = {}
        if binding.body == WHOLE_BODY:
            how["json"] = rest
        elif binding.body and "data" in (body := rest.pop(json_name(binding.body))):
            how["data"] = base64.b64decode(body["data"])
        elif binding.body:
            how["json"] = body
        query = "" if binding.body == WHOLE_BODY else urlencode(rest)
        method = "POST" if binding.http_method == ANY_METHOD else binding.http_method
        url = URL(f"{self.url}{path}?{query}", encoded=True)
        async with self.session.request(method, url, **how) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith("{") else text


def filled(binding: Binding, request: Request) -> tuple[str, dict[str, Any]]:
    """The path of a request, and what is not in it."""
    segments = list(binding.template.segments)
    rest = json.loads(json.dumps(request))
    for variable in reversed(binding.template.variables):
        *above, last = map(json_name, variable.field.split("."))
        value = reduce(dict.__getitem__, above, rest).pop(last)
        segments[variable.start : variable.end] = value.split("/")
    verb = f":{binding.template.verb}" if binding.template.verb else ""
    return "/" + "/".join(segments) + verb, rest


def json_name(field: str) -> str:
    first, *more = field.split("_")
    return first + "".join(part.capitalize() for part in more)


def honest(method: str, world: World, proof: str) -> Request:
    """A request that there is nothing against."""
    named_queue = {"name": world.queue}
    lease = {"name": world.leased, "scheduleTime": proof}
    cmek = {"name": f"{world.parent}/cmekConfig"}
    requests: dict[str, Request] = {
        "ListQueues": {"parent": world.parent},
        "GetQueue": named_queue,
        "CreateQueue": {"parent": world.parent, "queue": {"name": f"{world.parent}/queues/new"}},
        "UpdateQueue": {"queue": named_queue},
        "DeleteQueue": named_queue,
        "PurgeQueue": named_queue,
        "PauseQueue": named_queue,
        "ResumeQueue": named_queue,
        "UploadQueueYaml": {
            "appId": world.project,
            "httpBody": {"data": "cXVldWU6Ci0gbmFtZTogYQogIHJhdGU6IDEvcwo="},
        },
        "GetIamPolicy": {"resource": world.queue},
        "SetIamPolicy": {"resource": world.queue, "policy": {}},
        "TestIamPermissions": {"resource": world.queue},
        "ListTasks": {"parent": world.queue},
        "GetTask": {"name": world.task},
        "CreateTask": {"parent": world.queue, "task": HTTP_TASK},
        "BatchCreateTasks": {
            "parent": world.queue,
            "requests": [{"parent": world.queue, "task": HTTP_TASK}],
        },
        "DeleteTask": {"name": world.task},
        "BatchDeleteTasks": {"parent": world.queue, "names": [world.task]},
        "RunTask": {"name": world.task},
        "BufferTask": {"queue": world.queue, "taskId": "buffered", "body": {"data": "eA=="}},
        "LeaseTasks": {"parent": world.pull_queue, "maxTasks": 1, "leaseDuration": "60s"},
        "AcknowledgeTask": lease,
        "RenewLease": {**lease, "leaseDuration": "60s"},
        "CancelLease": lease,
        "GetCmekConfig": cmek,
        "UpdateCmekConfig": {"cmekConfig": cmek},
        "GetOperation": {"name": world.operation},
        "ListLocations": {"name": f"projects/{world.project}"},
        "GetLocation": {"name": world.parent},
    }
    return requests[method]


@pytest.fixture
async def caller(server: Running) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(server.channel, session, f"http://{server.server.http_address}")


async def make_world(caller: Caller) -> tuple[World, str]:
    """A world, and the proof of holding its leased task."""
    world = World(f"projects/p{next(_numbers)}/locations/us-central1")

    async def call(rpc: str, request: Request, version: str = "v2beta2") -> dict[str, Any]:
        name = f"google.cloud.tasks.{version}.CloudTasks"
        return await caller.grpc(f"{name}/{rpc}", service(name).methods_by_name[rpc], request)

    override = {"uriOverride": {"host": "target.example"}}
    for queue in (
        {"name": world.queue, "httpTarget": override},
        {"name": world.pull_queue, "pullTarget": {}},
    ):
        await call("CreateQueue", {"parent": world.parent, "queue": queue})
    await call("CreateTask", {"parent": world.queue, "task": {"name": world.task, **HTTP_TASK}})
    pull_task = {"name": world.leased, "pullMessage": {"payload": "eA=="}}
    await call("CreateTask", {"parent": world.pull_queue, "task": pull_task})
    leased = await call("LeaseTasks", honest("LeaseTasks", world, ""))
    await call("CreateTask", {"parent": world.pull_queue, "task": {"pullMessage": {"payload": "eA=="}}})
    batch = {"parent": world.queue, "names": [f"{world.queue}/tasks/other"], "requestId": "done"}
    await call("BatchDeleteTasks", batch, "v2")
    return world, leased["tasks"][0]["scheduleTime"]


def grpc_methods() -> Iterator[tuple[str, MethodDescriptor]]:
    for version in VERSIONS:
        name = f"google.cloud.tasks.{version}.CloudTasks"
        yield from ((f"{name}/{method.name}", method) for method in service(name).methods)
    for mixin in MIXINS:
        name, _, only = mixin.partition("/")
        for method in service(name).methods:
            if only in ("", method.name):
                yield f"{name}/{method.name}", method


def rest_bindings(version: str) -> Iterator[tuple[MethodDescriptor, Binding]]:
    for file in ("cloudtasks", "rest_only"):
        found: FileDescriptor = descriptor_pool().FindFileByName(f"google/cloud/tasks/{version}/{file}.proto")
        for one in found.services_by_name.values():
            for method in one.methods:
                for binding in bindings_of(method):
                    yield method, binding


async def test_every_method_is_served_over_grpc(caller: Caller) -> None:
    """None is answered UNIMPLEMENTED, nor is an honest request refused."""
    for rpc, method in grpc_methods():
        world, proof = await make_world(caller)
        try:
            await caller.grpc(rpc, method, honest(method.name, world, proof))
        except grpc.aio.AioRpcError as error:
            pytest.fail(f"{rpc}: {error.code().name} {error.details()}")


@pytest.mark.parametrize("version", VERSIONS)
async def test_every_binding_is_served_over_http(caller: Caller, version: str) -> None:
    """Those of what is not in gRPC, too."""
    for method, binding in rest_bindings(version):
        world, proof = await make_world(caller)
        request = dict(honest(method.name, world, proof))
        if all(variable.field != "task_id" for variable in binding.template.variables):
            request.pop("taskId", None)
        status, answer = await caller.rest(binding, request)
        assert status == 200, (method.full_name, binding, answer)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["Create", "Delete"])
async def test_an_operation_is_of_the_version_of_the_path(caller: Caller, version: str, kind: str) -> None:
    """Whichever version made it; over gRPC it is of v2."""
    world, _ = await make_world(caller)
    name = f"google.cloud.tasks.v2beta3.CloudTasks/Batch{kind}Tasks"
    method = service(name.partition("/")[0]).methods_by_name[f"Batch{kind}Tasks"]
    request = {**honest(method.name, world, ""), "requestId": "mine"}
    made = await caller.grpc(name, method, request)
    async with caller.session.get(f"{caller.url}/{version}/{made['name']}") as answer:
        shown = await answer.json()
    get = "google.longrunning.Operations/GetOperation"
    operation = service("google.longrunning.Operations").methods_by_name["GetOperation"]
    over_grpc = await caller.grpc(get, operation, {"name": made["name"]})

    def types(operation: Mapping[str, Any]) -> list[str]:
        return [
            operation[part]["@type"].removeprefix("type.googleapis.com/") for part in ("metadata", "response")
        ]

    def expected(version: str) -> list[str]:
        response = "google.protobuf.Empty"
        if kind == "Create":
            response = f"google.cloud.tasks.{version}.BatchCreateTasksResponse"
        return [f"google.cloud.tasks.{version}.Batch{kind}TasksMetadata", response]

    assert types(made) == expected("v2beta3")
    assert types(shown) == expected(version)
    assert types(over_grpc) == expected("v2")
