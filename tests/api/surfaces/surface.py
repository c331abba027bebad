"""A version of the API over a transport, called through the official SDK's blocking client."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from google.api_core import exceptions
from google.cloud.location import locations_pb2
from google.iam.v1 import iam_policy_pb2
from google.longrunning import operations_proto_pb2
from google.protobuf import json_format
from google.protobuf.message import Message
from tests.api.surfaces.dialect import DIALECTS, Dialect, Document

_MASKS: Final = ("update_mask", "read_mask")
_MIXINS: Final = (iam_policy_pb2, locations_pb2, operations_proto_pb2)


@dataclass(frozen=True)
class Refused:
    """`status` is that of HTTP, `details` are in JSON's form, without their types."""

    status: int
    message: str
    details: Sequence[Document] = ()


@dataclass(frozen=True)
class Surface:
    """Requests and answers are documents in v2's terms and JSON's forms. Methods are those of the client; masks are
    lists of paths."""

    version: str
    transport: str
    client: Any

    @property
    def dialect(self) -> Dialect:
        return DIALECTS[self.version]

    @property
    def sdk(self) -> Any:
        return importlib.import_module(f"google.cloud.tasks_{self.version}")

    def ask(self, method: str, **request: Any) -> Document:
        """Raises GoogleAPICallError."""
        answer = self.answer(method, request)
        return {} if answer is None else self.document(answer)

    def pages(self, method: str, **request: Any) -> list[list[Document]]:
        """Of a list method, asked for one after the other."""
        items = method.removeprefix("list_")
        pager = self.answer(method, request)
        return [[self.document(item) for item in getattr(page, items)] for page in pager.pages]

    def every(self, method: str, **request: Any) -> list[Document]:
        return [item for page in self.pages(method, **request) for item in page]

    def refusal(self, method: str, **request: Any) -> Refused:
        """What the call is refused with."""
        try:
            self.answer(method, request)
        except exceptions.GoogleAPICallError as error:
            return _refused(error)
        raise AssertionError(f"{method} was served")

    def answer(self, method: str, request: Document) -> Any:
        """What the client's method returns. Raises GoogleAPICallError."""
        return getattr(self.client, method)(request=self._message(method, self.dialect.request(request)))

    def _message(self, method: str, request: Document) -> Any:
        name = "".join(word.capitalize() for word in method.split("_")) + "Request"
        plain = next((getattr(mixin, name) for mixin in _MIXINS if hasattr(mixin, name)), None)
        kind = plain or getattr(self.sdk, name)
        masks = {mask: request.pop(mask) for mask in _MASKS if mask in request}
        message = json_format.ParseDict(request, plain() if plain else kind.pb(kind()))
        for mask, paths in masks.items():
            getattr(message, mask).paths.extend(map(self.dialect.path, paths))
        return message if plain else kind.wrap(message)

    def document(self, message: Any) -> Document:
        document = self.as_it_is(message)
        match type(message).__name__:
            case "Queue":
                return self.dialect.read(document, self.dialect.queue)
            case "Task":
                return self.task(document)
            case "LeaseTasksResponse":
                return {"tasks": [self.task(task) for task in document.get("tasks", ())]}
        return document

    def as_it_is(self, message: Any) -> Document:
        """In the terms of the version."""
        plain = message if isinstance(message, Message) else type(message).pb(message)
        document: Document = json_format.MessageToDict(plain, preserving_proto_field_name=True)
        # The SDK's name in Python for a field that is `type` on the wire.
        return {"type" if name == "type_" else name: value for name, value in document.items()}

    def task(self, document: Document) -> Document:
        task = self.dialect.read(document, self.dialect.task)
        if task.get("status") == {}:
            # In v2beta2 it holds the counts, and is there before there is anything to count.
            del task["status"]
        return task


def _refused(error: exceptions.GoogleAPICallError) -> Refused:
    """Over REST the library puts the request line before the message, and leaves details as JSON has them."""
    message = str(error.message)
    if "HTTP/1.1" in message or message.split(" ", 1)[0] in ("GET", "POST", "PATCH", "DELETE"):
        message = message.split(": ", 1)[1]
    details = [
        json_format.MessageToDict(detail)
        if isinstance(detail, Message)
        else {name: value for name, value in detail.items() if name != "@type"}
        for detail in error.details
    ]
    return Refused(int(error.code), message, tuple(details))
