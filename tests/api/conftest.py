"""Servers to call, and the official clients to call them with."""

from collections.abc import AsyncIterator, Iterator

import grpc
import pytest
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks import transports
from tests.api.running import Running, running


@pytest.fixture
async def server() -> AsyncIterator[Running]:
    """A server with the default settings."""
    async with running() as server:
        yield server


@pytest.fixture
async def strict_server() -> AsyncIterator[Running]:
    """A server under --strict."""
    async with running(strict="true") as server:
        yield server


@pytest.fixture
def client(server: Running) -> tasks_v2.CloudTasksAsyncClient:
    """The official asynchronous client."""
    transport = transports.CloudTasksGrpcAsyncIOTransport(channel=server.channel)
    return tasks_v2.CloudTasksAsyncClient(transport=transport)


@pytest.fixture
def sync_client(server: Running) -> Iterator[tasks_v2.CloudTasksClient]:
    """The official blocking client. Call it in a thread: the server runs in the test's loop."""
    with grpc.insecure_channel(server.address) as channel:
        yield tasks_v2.CloudTasksClient(transport=transports.CloudTasksGrpcTransport(channel=channel))
