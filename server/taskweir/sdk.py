"""Points the official Cloud Tasks SDK for Python at the server that CLOUD_TASKS_EMULATOR_HOST names.

    import taskweir.sdk
    taskweir.sdk.install()

After that, `CloudTasksClient()` and `CloudTasksAsyncClient()` of tasks_v2, tasks_v2beta3 and tasks_v2beta2 reach the
server, without credentials. A client that is given a transport object, or an `api_endpoint`, is left as it is.

The HTTP port serves every transport. Where the variable names the gRPC port, clients with transport="rest" cannot work.

Only the standard library is used, and nothing of taskweir: `taskweir exec` has this file loaded by its path, in
interpreters that have no taskweir installed. For the same reason it keeps to what Python 3.8 understands.
"""

# ruff: noqa: ANN401, PLC0415 - the SDK is seen from outside, whatever its version, and loaded by nobody but itself
from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
"""Spelled out, since loading typing takes longer than all the rest."""
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

VARIABLE = "CLOUD_TASKS_EMULATOR_HOST"
"""HOST:PORT of the server; read whenever a client is built."""

_MODULES = frozenset(
    f"google.cloud.{version}.services.cloud_tasks.client"
    for version in ("tasks_v2", "tasks_v2beta3", "tasks_v2beta2")
)
"""Where the clients are made. The async client of each version makes one of these inside."""

_CHANNEL_OPTIONS = (
    # The SDK's own: tasks and pages may be larger than gRPC's 4 MiB.
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # A proxy for the way out has no business between a program and the server beside it.
    ("grpc.enable_http_proxy", 0),
)

_MARK = "_taskweir_sdk"
"""On what is patched, so that a second install does nothing, even by a second copy of this module."""


def install() -> None:
    """Patch the SDK's clients: now where they are imported already, else when they are.

    Does nothing when the variable is not set, or when it was done before.
    """
    if not _address(VARIABLE):
        return
    for name in _MODULES:
        if name in sys.modules:
            _patch(sys.modules[name])
    if not any(hasattr(finder, _MARK) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _address(variable: str) -> str:
    """What the variable holds, without the scheme and slash that some give it."""
    return os.environ.get(variable, "").strip().rpartition("://")[2].rstrip("/")


class _Finder:
    """Finds the SDK's modules as they are found without it, and has them patched once they are loaded."""

    def __init__(self) -> None:
        setattr(self, _MARK, True)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in _MODULES:
            return None
        for finder in sys.meta_path:
            find_spec = None if finder is self else getattr(finder, "find_spec", None)
            spec = find_spec(name, path, target) if find_spec else None
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader)
                return spec
        return None


class _Loader:
    """Loads a module with its own loader, to which it gives way, then patches it."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: Any) -> ModuleType | None:
        return self._loader.create_module(spec)  # type: ignore[no-any-return]

    def exec_module(self, module: Any) -> None:
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        _patch(module)


def _patch(module: ModuleType) -> None:
    client = getattr(module, "CloudTasksClient", None)
    # The module is in sys.modules before its class is made, when it is being imported at this moment.
    if client is None or hasattr(client.__init__, _MARK):
        return
    # Here and below, imports wait until the SDK is there: every Python under taskweir exec runs this file.
    import functools

    original = client.__init__

    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it becomes one
        original(self, *args, **_redirected(client, kwargs))

    setattr(__init__, _MARK, True)
    client.__init__ = __init__


def _redirected(client: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments with a transport to the server, or as they are when the caller has chosen an endpoint."""
    options = kwargs.get("client_options")
    endpoint = (
        options.get("api_endpoint") if isinstance(options, dict) else getattr(options, "api_endpoint", None)
    )
    transport_class = _transport_class(client, kwargs.get("transport"))
    if not _address(VARIABLE) or endpoint or transport_class is None:
        return kwargs
    info = {"client_info": kwargs["client_info"]} if "client_info" in kwargs else {}
    redirected = dict(kwargs, transport=_transport(transport_class, info), client_options=_harmless(options))
    redirected.pop("credentials", None)
    return redirected


def _transport_class(client: Any, transport: Any) -> Any:
    """The SDK's transport class that was asked for, by name or as a class; None for an object or a factory."""
    if transport is None or isinstance(transport, str):
        return client.get_transport_class(transport)
    return transport if isinstance(transport, type) and _is_a(transport, "CloudTasksTransport") else None


def _is_a(transport_class: type, word: str) -> bool:
    """By name, since each version of the API has transports of its own, and older SDKs have fewer."""
    return any(word in base.__name__ for base in transport_class.__mro__)


def _transport(transport_class: Any, info: dict[str, Any]) -> Any:
    from google.auth.credentials import AnonymousCredentials

    host = _address(VARIABLE)
    if _is_a(transport_class, "Rest"):
        anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]
        return transport_class(host=host, credentials=anonymous, url_scheme="http", **info)
    import grpc

    insecure_channel = grpc.aio.insecure_channel if _is_a(transport_class, "Async") else grpc.insecure_channel
    return transport_class(host=host, channel=insecure_channel(host, options=_CHANNEL_OPTIONS), **info)


def _harmless(options: Any) -> Any:
    """The client's options without those that the SDK refuses beside a transport object: all about credentials."""
    import copy

    kept = dict(options) if isinstance(options, dict) else copy.copy(options)
    for name in ("api_key", "credentials_file", "scopes"):
        if isinstance(kept, dict):
            kept.pop(name, None)
        elif getattr(kept, name, None) is not None:
            setattr(kept, name, None)
    return kept
