"""Points the official Cloud Tasks SDK for Python at the server that CLOUD_TASKS_EMULATOR_HOST names.

    import taskweir.sdk
    taskweir.sdk.install()

After that, `CloudTasksClient()` and `CloudTasksAsyncClient()` of tasks_v2, tasks_v2beta3 and tasks_v2beta2 reach the
server, without credentials. A client that is given a transport object, or an `api_endpoint`, is left as it is.

`https://HOST:PORT` has them come over TLS, where CLOUD_TASKS_EMULATOR_CA_FILE says which certificates (PEM) are trusted;
else those are that gRPC and requests trust by themselves. CLOUD_TASKS_EMULATOR_TOKEN is a bearer token, sent with every
call; without TLS, it can be read on the way.

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
"""HOST:PORT of the server, or https://HOST:PORT; read whenever a client is built, as the next two are."""
CA_FILE_VARIABLE = "CLOUD_TASKS_EMULATOR_CA_FILE"
TOKEN_VARIABLE = "CLOUD_TASKS_EMULATOR_TOKEN"  # noqa: S105 - the name of a variable

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
    if not _server()[0]:
        return
    for name in _MODULES:
        if name in sys.modules:
            _patch(sys.modules[name])
    if not any(hasattr(finder, _MARK) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _server() -> tuple[str, Access]:
    """HOST:PORT of the server that the variables tell of, empty where they tell of none, and how to come to it."""
    scheme, _, rest = os.environ.get(VARIABLE, "").strip().rpartition("://")
    ca_file, token = (os.environ.get(name, "").strip() for name in (CA_FILE_VARIABLE, TOKEN_VARIABLE))
    # Some give a plain address a scheme and a slash, too.
    return rest.rstrip("/"), Access(ca_file, token, is_secure=scheme.lower() == "https")


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
    host, access = _server()
    if not host or endpoint or transport_class is None:
        return kwargs
    info = {"client_info": kwargs["client_info"]} if "client_info" in kwargs else {}
    transport = access.transport(transport_class, host, **info)
    redirected = dict(kwargs, transport=transport, client_options=_harmless(options))
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


class Access:
    """How calls come to a server: over TLS or not; with the file (PEM) of the certificates that are trusted, which is
    empty for the usual ones; with the bearer token, which is empty for none."""

    def __init__(self, ca_file: str = "", token: str = "", *, is_secure: bool = False) -> None:
        self.ca_file = ca_file
        self.token = token
        self.is_secure = is_secure

    def transport(self, transport_class: Any, host: str, **info: Any) -> Any:
        """One of the SDK's, to HOST:PORT. Raises OSError where the file of certificates cannot be read."""
        if not _is_a(transport_class, "Rest"):
            channel = self.channel(host, is_async=_is_a(transport_class, "Async"))
            return transport_class(host=host, channel=channel, **info)
        scheme = "https" if self.is_secure else "http"
        made = transport_class(host=host, credentials=_credentials(self.token), url_scheme=scheme, **info)
        if self.is_secure and self.ca_file:
            with open(self.ca_file, "rb"):  # noqa: PTH123 - requests would say of each call what is wrong with it
                made._session.verify = self.ca_file  # noqa: SLF001 - the SDK has no other way
            # Else REQUESTS_CA_BUNDLE would win over it.
            made._session.trust_env = False  # noqa: SLF001
        return made

    def channel(self, host: str, *, is_async: bool = False) -> Any:
        """A channel to HOST:PORT, which belongs to the running loop if it is an asynchronous one. Without TLS, only
        calls with one message each way have the token: all of the SDK's. Raises OSError, as `transport`."""
        import grpc

        of = grpc.aio if is_async else grpc
        if self.is_secure:
            return of.secure_channel(host, self._channel_credentials(grpc), options=_CHANNEL_OPTIONS)
        if not self.token:
            return of.insecure_channel(host, options=_CHANNEL_OPTIONS)
        bearer = _interceptor(self.token)
        if is_async:
            return of.insecure_channel(host, options=_CHANNEL_OPTIONS, interceptors=[bearer])
        return grpc.intercept_channel(of.insecure_channel(host, options=_CHANNEL_OPTIONS), bearer)

    def _channel_credentials(self, grpc: Any) -> Any:
        roots = None
        if self.ca_file:
            with open(self.ca_file, "rb") as file:  # noqa: PTH123
                roots = file.read()
        found = grpc.ssl_channel_credentials(roots)
        if not self.token:
            return found
        return grpc.composite_channel_credentials(found, grpc.access_token_call_credentials(self.token))


def _interceptor(token: str) -> Any:
    """gRPC's own credentials for calls keep off channels without TLS."""
    import grpc

    class Bearer(grpc.UnaryUnaryClientInterceptor, grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
        """For both kinds of channels: the asynchronous ones await what comes back."""

        def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
            metadata = [*(details.metadata or ()), ("authorization", f"Bearer {token}")]
            return continuation(details._replace(metadata=metadata), request)

    return Bearer()


def _credentials(token: str) -> Any:
    """Of REST. A refusal is the server's, and its text is for the caller: there is nothing to be refreshed."""
    from google.auth.credentials import AnonymousCredentials

    class Bearer(AnonymousCredentials):
        def refresh(self, request: Any) -> None:
            """Nothing."""

        def before_request(self, request: Any, method: Any, url: Any, headers: Any) -> None:
            if token:
                headers["authorization"] = f"Bearer {token}"

    return Bearer()  # type: ignore[no-untyped-call]
