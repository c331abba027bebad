"""UploadQueueYaml, by both ways in."""

from collections.abc import Awaitable, Callable

import aiohttp
import grpc.aio
import pytest
from google.api.httpbody_pb2 import HttpBody
from tests.api.running import Running, running

from taskweir_pb.v2beta2 import cloudtasks_pb2

PARENT = "projects/p/locations/us-central1"
METHOD = "/google.cloud.tasks.v2beta2.CloudTasks/"

Upload = Callable[[Running, bytes], Awaitable[str]]


async def by_rest(server: Running, content: bytes) -> str:
    """The refusal's text, empty where there is none."""
    url = f"http://{server.server.http_address}/api/queue/update"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, params={"appId": "s~p"}, data=content) as reply,
    ):
        answer = await reply.json()
        return "" if reply.status == 200 else f"{answer['error']['status']}: {answer['error']['message']}"


async def by_grpc(server: Running, content: bytes) -> str:
    request = cloudtasks_pb2.UploadQueueYamlRequest(app_id="s~p", http_body=HttpBody(data=content))
    try:
        await server.channel.unary_unary(f"{METHOD}UploadQueueYaml")(request.SerializeToString(), timeout=20)
    except grpc.aio.AioRpcError as error:
        return f"{error.code().name}: {error.details()}"
    return ""


@pytest.mark.parametrize("upload", [by_rest, by_grpc])
async def test_an_upload_changes_the_queues_or_says_what_is_wrong(upload: Upload) -> None:
    """The body is the file as it stands."""
    async with running(project="elsewhere") as server:
        assert await upload(server, b"queue:\n- name: q\n  rate: 10/m\n  bucket_size: 7\n") == ""
        assert await upload(server, b"queue:\n- nam: q\n") == (
            "INVALID_ARGUMENT: queue.yaml:2: unknown key 'nam' in a queue"
        )
        assert await upload(server, b"<queue-entries/>") == (
            "INVALID_ARGUMENT: queue.yaml: is XML: queue.xml is not supported, write the same as queue.yaml"
        )
        reply = await server.channel.unary_unary(f"{METHOD}ListQueues")(
            cloudtasks_pb2.ListQueuesRequest(parent=PARENT).SerializeToString(), timeout=20
        )
        found = cloudtasks_pb2.ListQueuesResponse.FromString(reply).queues
    limits = {queue.name.rpartition("/")[2]: queue.rate_limits for queue in found}
    assert set(limits) == {"default", "q"}
    assert (limits["q"].max_tasks_dispatched_per_second, limits["q"].max_burst_size) == (10 / 60, 7)
