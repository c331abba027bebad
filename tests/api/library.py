"""A service of the tests' own, with every kind of HTTP rule: each method answers with the request it got.

Its stubs lie in another package than the one clients know, as those of the server do.
"""
# ruff: noqa: N802 - methods are named and called as the protocol has it

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from google.api import annotations_pb2, http_pb2, httpbody_pb2
from google.protobuf import (
    any_pb2,
    descriptor_pool,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.message_factory import GetMessageClass
from yarl import URL

from taskweir.api.call import Call
from taskweir.api.http.origin import Origins
from taskweir.api.http.server import HttpServer
from taskweir.api.methods import Calls, Service
from taskweir.api.rest.body_budget import BodyBudget
from taskweir.api.rest.style import GOOGLE, RestStyle
from taskweir.api.rest.surface import Mount, Rest
from taskweir.domain.errors import Help, InvalidArgument, NotFound

NAME: Final = "taskweir.library.v1.Library"
BODY_LIMIT: Final = 200_000
"""Bytes of a request's body."""
_STUBS: Final = "taskweir_pb.library.v1"

_FIELDS: Final[dict[str, str]] = {
    "name": "string",
    "parent": "string",
    "book": "Request",
    "update_mask": "google.protobuf.FieldMask",
    "is_dry": "bool",
    "tags": "repeated string",
    "kinds": "repeated Kind",
    "since_time": "google.protobuf.Timestamp",
    "within": "google.protobuf.Duration",
    "most": "google.protobuf.Int32Value",
    "flag": "google.protobuf.BoolValue",
    "ratio": "double",
    "page_size": "int32",
    "books": "repeated Request",
    "cover": "bytes",
    "kind": "Kind",
    "a": "oneof string",
    "b": "oneof string",
    "media": "google.api.HttpBody",
    "extra": "google.protobuf.Any",
}
_TYPES: Final = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "Kind": FieldDescriptorProto.TYPE_ENUM,
}
_RULES: Final[dict[str, http_pb2.HttpRule]] = {
    "GetBook": http_pb2.HttpRule(get="/v1/{name=shelves/*/books/*}"),
    "GetOne": http_pb2.HttpRule(get="/v1/ones/{name}"),
    "GetFile": http_pb2.HttpRule(get="/v1/files/{name=**}"),
    "ListBooks": http_pb2.HttpRule(get="/v1/{parent=shelves/*}/books"),
    "CreateBook": http_pb2.HttpRule(
        post="/v1/{parent=shelves/*}/books",
        body="*",
        additional_bindings=[http_pb2.HttpRule(post="/v1/books:create", body="*")],
    ),
    "UpdateBook": http_pb2.HttpRule(patch="/v1/{book.name=shelves/*/books/*}", body="book"),
    "SetTags": http_pb2.HttpRule(put="/v1/{name=shelves/*}/tags", body="tags"),
    "Purge": http_pb2.HttpRule(custom=http_pb2.CustomHttpPattern(kind="PURGE", path="/v1/{name=shelves/*}")),
    "Anyhow": http_pb2.HttpRule(custom=http_pb2.CustomHttpPattern(kind="*", path="/v1/anyhow")),
    "Upload": http_pb2.HttpRule(
        custom=http_pb2.CustomHttpPattern(kind="*", path="/v1/{parent=shelves/*}/books:upload"),
        body="media",
        additional_bindings=[
            http_pb2.HttpRule(
                custom=http_pb2.CustomHttpPattern(kind="*", path="/v1/{parent=shelves/*}/books/:upload"),
                body="media",
            ),
            http_pb2.HttpRule(
                custom=http_pb2.CustomHttpPattern(
                    kind="*", path="/v1/{parent=shelves/*}/books/{name}:upload"
                ),
                body="media",
            ),
        ],
    ),
    "Download": http_pb2.HttpRule(get="/v1/downloads/{name}"),
    "Clear": http_pb2.HttpRule(delete="/v1/{name=shelves/*}"),
    "WatchBooks": http_pb2.HttpRule(get="/v1/{parent=shelves/*}/books:watch"),
    "NotThere": http_pb2.HttpRule(get="/v1/not-there"),
    "OnlyGrpc": http_pb2.HttpRule(),
}


_IMPORTED: Final = (
    annotations_pb2,
    any_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    httpbody_pb2,
    timestamp_pb2,
    wrappers_pb2,
)


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="taskweir_test/library.proto", package=_STUBS, syntax="proto3")
    for imported in _IMPORTED:
        file.dependency.append(imported.DESCRIPTOR.name)
    kinds = file.enum_type.add(name="Kind")
    for number, name in enumerate(("KIND_UNSPECIFIED", "NOVEL", "ATLAS")):
        kinds.value.add(name=name, number=number)
    message = file.message_type.add(name="Request")
    message.oneof_decl.add(name="choice")
    for number, (name, kind) in enumerate(_FIELDS.items(), 1):
        _add_field(message.field.add(name=name, number=number), kind)
    service = file.service.add(name="Library")
    for name, rule in _RULES.items():
        method = service.method.add(name=name, input_type=f".{_STUBS}.Request")
        method.output_type = _REPLIES.get(name, method.input_type)
        method.server_streaming = name.startswith("Watch")
        if rule.WhichOneof("pattern"):
            method.options.Extensions[annotations_pb2.http].CopyFrom(rule)
    return file


def _add_field(field: FieldDescriptorProto, kind: str) -> None:
    label, _, kind = kind.rpartition(" ")
    field.label = (
        FieldDescriptorProto.LABEL_REPEATED if label == "repeated" else FieldDescriptorProto.LABEL_OPTIONAL
    )
    field.type = _TYPES.get(kind, FieldDescriptorProto.TYPE_MESSAGE)
    if label == "oneof":
        field.oneof_index = 0
    if kind[0].isupper():
        field.type_name = f".{_STUBS}.{kind}"
    elif "." in kind:
        field.type_name = f".{kind}"


_REPLIES: Final = {"Download": ".google.api.HttpBody", "Clear": ".google.protobuf.Empty"}
"""Of methods that do not answer with their request."""

_POOL: Final = descriptor_pool.Default()
_POOL.AddSerializedFile(_file().SerializeToString())
DESCRIPTOR: Final = _POOL.FindServiceByName(f"{_STUBS}.Library")
Request: Final[Any] = GetMessageClass(DESCRIPTOR.methods_by_name["GetBook"].input_type)


class Library:
    """Every method gives the request back; names that begin with `not` do something else."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any, Call]] = []
        self.coming: asyncio.Queue[Any] = asyncio.Queue()
        self.watching = asyncio.Event()
        self.left = asyncio.Event()
        self.let = asyncio.Event()

    async def _echo(self, request: Any, call: Call) -> Any:
        self.calls.append((call.rpc.rpartition("/")[2], request, call))
        match request.name:
            case "not found":
                raise NotFound("No such book.", Help("Books", "https://books.example/"))
            case "not working":
                raise RuntimeError("a bug")
            case "not yet":
                self.watching.set()
                try:
                    await self.let.wait()
                finally:
                    self.left.set()
        return request

    async def GetBook(self, request: Any, call: Call) -> Any:
        return await self._echo(request, call)

    GetOne = GetFile = ListBooks = CreateBook = UpdateBook = SetTags = Purge = Anyhow = OnlyGrpc = GetBook
    Upload = GetBook

    async def Download(self, request: Any, call: Call) -> httpbody_pb2.HttpBody:
        return httpbody_pb2.HttpBody(content_type=request.name, data=b"\0\xff")

    async def Clear(self, request: Any, call: Call) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    async def WatchBooks(self, request: Any, call: Call) -> AsyncGenerator[Any, None]:
        """Whatever comes; an exception is raised, None is the end."""
        if request.kind:
            raise InvalidArgument("No kinds, please.")
        await call.begin()
        self.watching.set()
        try:
            while (one := await self.coming.get()) is not None:
                if isinstance(one, Exception):
                    raise one
                yield one
        finally:
            self.left.set()

    def NotThere(self, request: Any, context: Any) -> None:
        raise AssertionError("it stands for a generated base's method, which is not served")


@dataclass
class ServedLibrary:
    servicer: Library
    rest: Rest
    http: HttpServer
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.port}"

    async def ask(self, method: str, path: str, **how: Any) -> tuple[int, Any]:
        """Status and JSON of the answer. Paths go out as they are written."""
        url = URL(self.url + path, encoded=True)
        async with self.session.request(method, url, **how) as answer:
            assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
            return answer.status, await answer.json()


@contextlib.asynccontextmanager
async def serving(
    calls: Calls | None = None,
    heartbeat: float = 600.0,
    body_idle: float = 600.0,
    host: str = "127.0.0.1",
    style: RestStyle = GOOGLE,
    body_limit: int = BODY_LIMIT,
    allow_origin: Sequence[str] = (),
    bodies: BodyBudget | None = None,
) -> AsyncIterator[ServedLibrary]:
    servicer = Library()
    service = Service(NAME, DESCRIPTOR, servicer)
    mount = Mount(service, calls or Calls(), body_limit=body_limit, style=style)
    rest = Rest([mount], heartbeat=heartbeat, body_idle=body_idle, bodies=bodies)
    origins = Origins.parse(allow_origin)
    http = await HttpServer.start(host, 0, lambda: None, {}, rest.answer, origins=origins)
    try:
        async with aiohttp.ClientSession() as session:
            yield ServedLibrary(servicer, rest, http, session)
    finally:
        await rest.stop(0)
        await http.stop()
