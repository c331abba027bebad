"""What Cloud Tasks itself takes in queries over HTTP, and what it does not take there at all."""

from typing import Any, Final

import aiohttp
import pytest
from google.iam.v1.iam_policy_pb2 import SetIamPolicyRequest
from google.protobuf.field_mask_pb2 import FieldMask
from tests.api.answers import PARENT, QUEUE
from tests.api.running import Running
from yarl import URL

TASK: Final = f"{QUEUE}/tasks/t"
PROJECT: Final = PARENT.partition("/locations")[0]
VERSIONS: Final = ("v2", "v2beta3", "v2beta2")
BETAS: Final = ("v2beta3", "v2beta2")
HTTP: Final = {"httpRequest": {"url": "http://target.example/"}}
COLOUR: Final = (
    'Invalid JSON payload received. Unknown name "colour": Cannot bind query parameter. '
    "Field 'colour' could not be found in request message."
)

each_version = pytest.mark.parametrize("version", VERSIONS)


async def ask(server: Running, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Status and JSON of the answer."""
    url = URL(f"http://{server.server.http_address}/{path}", encoded=True)
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, json=body) as answer,
    ):
        return answer.status, await answer.json()


@pytest.fixture
async def filled(server: Running) -> Running:
    """With a queue, and a task in it that is not due."""
    assert (await ask(server, "POST", f"v2/{PARENT}/queues", {"name": QUEUE}))[0] == 200
    task = {"name": TASK, "scheduleTime": "2026-12-01T00:00:00Z", **HTTP}
    assert (await ask(server, "POST", f"v2/{QUEUE}/tasks", {"task": task}))[0] == 200
    return server


@pytest.mark.parametrize(
    ("method", "path", "parameters", "versions"),
    [
        ("GET", f"{PARENT}/queues", "filter=name:q&pageSize=5&pageToken=", VERSIONS),
        ("GET", f"{PARENT}/queues", "readMask=name,rateLimits.maxBurstSize", BETAS),
        ("GET", QUEUE, "readMask=*,stats", BETAS),
        ("GET", f"{QUEUE}/tasks", "responseView=FULL&pageSize=5&pageToken=", VERSIONS),
        ("GET", TASK, "responseView=FULL", VERSIONS),
        ("PATCH", QUEUE, "updateMask=retryConfig.maxAttempts", VERSIONS),
        ("PATCH", f"{PARENT}/cmekConfig", "updateMask=kmsKey", VERSIONS),
        (
            "GET",
            f"{PROJECT}/locations",
            "filter=x&pageSize=5&pageToken=&extraLocationTypes=a&extraLocationTypes=b",
            VERSIONS,
        ),
    ],
)
async def test_every_documented_parameter_is_taken(
    filled: Running, method: str, path: str, parameters: str, versions: tuple[str, ...]
) -> None:
    """Of those in the discovery documents; any other is refused by its name."""
    body = {} if method == "PATCH" else None
    for version in versions:
        status, answer = await ask(filled, method, f"{version}/{path}?{parameters}", body)
        assert status == 200, answer
        status, answer = await ask(filled, method, f"{version}/{path}?{parameters}&colour=red", body)
        assert (status, answer["error"]["message"]) == (400, COLOUR)


@pytest.mark.parametrize("version", BETAS)
async def test_a_read_mask_may_name_more_than_everything(filled: Running, version: str) -> None:
    """As over gRPC: `*` is all that is shown when nothing is named."""
    whole = (await ask(filled, "GET", f"{version}/{QUEUE}"))[1]
    status, shown = await ask(filled, "GET", f"{version}/{QUEUE}?readMask=*,stats")
    assert status == 200
    assert shown.pop("stats")["tasksCount"] == "1"
    assert shown == whole


@each_version
async def test_a_policy_is_set_as_a_whole(filled: Running, version: str) -> None:
    """There is no mask over HTTP; over gRPC the public message has one, which is passed over."""
    policy = {"bindings": [{"role": "roles/viewer", "members": ["user:a@b.example"]}]}
    told = 'Invalid JSON payload received. Unknown name "updateMask": Cannot find field.'
    for query, mask in (
        ("", {"updateMask": "bindings"}),
        ("?updateMask=bindings", {}),
        ("", {"updateMask": ""}),
    ):
        body = {"policy": policy, **mask}
        status, answer = await ask(filled, "POST", f"{version}/{QUEUE}:setIamPolicy{query}", body)
        assert (status, answer["error"]["message"]) == (400, told)

    request = SetIamPolicyRequest(resource=QUEUE, policy={}, update_mask=FieldMask(paths=["etag"]))
    assert await filled.raw.refusal(f"google.cloud.tasks.{version}.CloudTasks/SetIamPolicy", request) is None
    assert (await ask(filled, "POST", f"{version}/{QUEUE}:setIamPolicy", {"policy": policy}))[0] == 200


@each_version
async def test_a_batch_of_very_many_requests_is_refused(filled: Running, version: str) -> None:
    """By its size, before anything is made of them."""
    batch = {"requests": [{}] * 101}
    status, answer = await ask(filled, "POST", f"{version}/{QUEUE}/tasks:batchCreate", batch)
    assert (status, answer["error"]["message"]) == (
        400,
        "The batch has 101 requests; the maximum is 100.",
    )
