"""A client of the old taskqueue API, and a server with pull queues of a queue.yaml."""

import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
from tests.api.running import Running, running
from yarl import URL

QUEUE_YAML: Final = """
queue:
- name: orders
  mode: pull
  retry_parameters:
    task_retry_limit: 3
  acl:
  - user_email: a@example.com
  - user_email: b@example.com
  - writer_email: c@example.com
- name: letters
  mode: pull
- name: pushed
  rate: 1/s
"""
LATER: Final = "/taskqueue/v1beta2/projects/s~local/taskqueues/orders"
EARLIER: Final = "/taskqueue/v1beta1/projects/s~local/taskqueues/orders"


@dataclass(frozen=True)
class Answer:
    """`text` is the body as it came."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def content(self) -> Any:
        return json.loads(self.text)

    @property
    def error(self) -> Any:
        """The one error told of."""
        (one,) = self.content["error"]["errors"]
        return one


@dataclass(frozen=True)
class OldApi:
    running: Running
    session: aiohttp.ClientSession

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        base: str = LATER,
        headers: Mapping[str, str] | None = None,
        **query: object,
    ) -> Answer:
        """`path` goes behind that of the queue."""
        url = URL(f"http://{self.running.server.http_address}{base}{path}", encoded=True)
        texts = {name: str(value).lower() if value is True else str(value) for name, value in query.items()}
        sent = {"Content-Type": "application/json", **(headers or {})}
        data = None if body is None else io.BytesIO(json.dumps(body).encode())
        async with self.session.request(method, url.update_query(texts), data=data, headers=sent) as response:
            return Answer(response.status, dict(response.headers), await response.text())

    async def insert(self, task_id: str = "", payload: str = "aGk=", base: str = LATER, **over: Any) -> Any:
        """A task, whose id is made where none is given."""
        body = {"payloadBase64": payload, **({"id": task_id} if task_id else {}), **over}
        answer = await self.call("POST", "/tasks", body, base=base)
        assert answer.status == 200, answer.text
        return answer.content

    async def lease(self, number: int = 1, seconds: int = 60, base: str = LATER, **query: object) -> Any:
        """The tasks leased, of which there may be none."""
        answer = await self.call(
            "POST", "/tasks/lease", base=base, numTasks=number, leaseSecs=seconds, **query
        )
        assert answer.status == 200, answer.text
        assert answer.content["kind"] == "taskqueue#tasks"
        return answer.content.get("items", [])

    async def leased_ids(self, number: int = 10, **query: object) -> list[str]:
        return [task["id"] for task in await self.lease(number, **query)]

    async def change(
        self, task_id: str, seconds: int, method: str = "POST", base: str = LATER, **body: Any
    ) -> Answer:
        """Have the lease of a task end in so many seconds."""
        return await self.call(
            method, f"/tasks/{task_id}", {"queueName": "orders", **body}, base=base, newLeaseSeconds=seconds
        )


@asynccontextmanager
async def old_api(folder: Path, **settings: str) -> AsyncIterator[OldApi]:
    """A server that has the queues above, of project `local`, with its clock at `running.NOW`."""
    file = folder / "queue.yaml"
    file.write_text(QUEUE_YAML)
    async with (
        running(**{"queue_yaml": str(file), "lease_rate": "0", **settings}) as started,
        aiohttp.ClientSession() as session,
    ):
        yield OldApi(started, session)
