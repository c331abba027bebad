"""Clients of the official SDK that reach a server. The SDK is loaded when the first is asked for."""

# ruff: noqa: ANN401 - the SDK is loaded by name, so that it need not be there; the overloads say what comes

import asyncio
import importlib
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, overload

from taskweir.sdk import Access
from taskweir.testing.loop_end import LoopEnd

if TYPE_CHECKING:  # the SDK need not be installed
    from google.cloud import tasks_v2, tasks_v2beta2, tasks_v2beta3

Version = Literal["v2", "v2beta3", "v2beta2"]
Transport = Literal["grpc", "rest"]

_NO_SDK: Final = "clients of the official SDK need it installed: pip install google-cloud-tasks"


IN_PLAIN_TEXT: Final = Access()


class Addresses(Protocol):
    """Where a server is, and how calls come to it."""

    grpc_address: str
    http_address: str
    access: Access


class SdkClients:
    """What has addresses, and gives clients for them."""

    grpc_address: str
    """HOST:PORT for everything over gRPC."""
    http_address: str
    """HOST:PORT for everything over HTTP."""
    access: Access
    """Whether over TLS, and with which token: as `connect` was told."""

    def __init__(self, at: Addresses) -> None:
        self.grpc_address = at.grpc_address
        self.http_address = at.http_address
        self.access = at.access
        self._close_clients: list[Callable[[], None]] = []

    @overload
    def client(
        self, version: Literal["v2"] = "v2", *, transport: Transport = "grpc"
    ) -> "tasks_v2.CloudTasksClient": ...
    @overload
    def client(
        self, version: Literal["v2beta3"], *, transport: Transport = "grpc"
    ) -> "tasks_v2beta3.CloudTasksClient": ...
    @overload
    def client(
        self, version: Literal["v2beta2"], *, transport: Transport = "grpc"
    ) -> "tasks_v2beta2.CloudTasksClient": ...
    def client(self, version: Version = "v2", *, transport: Transport = "grpc") -> Any:
        """A new `CloudTasksClient`, closed with the server. Raises ImportError where the SDK is not installed."""
        made = sync_client(version, transport, self.grpc_address, self.http_address, self.access)
        self._close_clients.append(made.transport.close)
        return made

    @overload
    def async_client(self, version: Literal["v2"] = "v2") -> "tasks_v2.CloudTasksAsyncClient": ...
    @overload
    def async_client(self, version: Literal["v2beta3"]) -> "tasks_v2beta3.CloudTasksAsyncClient": ...
    @overload
    def async_client(self, version: Literal["v2beta2"]) -> "tasks_v2beta2.CloudTasksAsyncClient": ...
    def async_client(self, version: Version = "v2") -> Any:
        """A new `CloudTasksAsyncClient`, for the loop that runs now and no other. Call it in a coroutine."""
        return async_client(version, self.grpc_address, self.access)

    def close_clients(self) -> None:
        """Close the blocking clients given so far; asynchronous ones end with their loop."""
        while self._close_clients:
            self._close_clients.pop()()


def sync_client(
    version: Version,
    transport: Transport,
    grpc_address: str,
    http_address: str,
    access: Access = IN_PLAIN_TEXT,
) -> Any:
    """A blocking client."""
    client_class = _sdk(version).CloudTasksClient
    if transport == "rest" and not http_address:
        raise ValueError("transport='rest' needs the server's HTTP address: connect(…, http_address=…)")
    address = http_address if transport == "rest" else grpc_address
    return client_class(transport=access.transport(client_class.get_transport_class(transport), address))


def async_client(version: Version, grpc_address: str, access: Access = IN_PLAIN_TEXT) -> Any:
    """An asynchronous client, over gRPC: the SDK has no other."""
    asyncio.get_running_loop()
    client_class = _sdk(version).CloudTasksAsyncClient
    transport_class = client_class.get_transport_class("grpc_asyncio")
    return client_class(transport=access.transport(transport_class, grpc_address))


def _sdk(version: Version) -> Any:
    try:
        return importlib.import_module(f"google.cloud.tasks_{version}")
    except ModuleNotFoundError as error:
        raise ImportError(_NO_SDK) from error


class LazyAsyncClient:
    """Stands for a `CloudTasksAsyncClient` of v2 that is made when it is first used: in the loop of the test, which
    does not run yet while fixtures are made that are not coroutines. Closed when that loop ends."""

    def __init__(self, grpc_address: str, access: Access) -> None:
        self._grpc_address = grpc_address
        self._access = access
        self._made: Any = None

    @property  # type: ignore[misc] # so that isinstance() takes it for what it stands for
    def __class__(self) -> type:
        client_class: type = _sdk("v2").CloudTasksAsyncClient
        return client_class

    def __getattr__(self, name: str) -> Any:
        if self._made is None:
            self._made = async_client("v2", self._grpc_address, self._access)
            self._loop_end = LoopEnd(self._made.transport.close)
        return getattr(self._made, name)

    # Python looks for these in the class alone.

    async def __aenter__(self) -> Any:
        return await self.__getattr__("__aenter__")()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.__getattr__("__aexit__")(kind, error, trace)
