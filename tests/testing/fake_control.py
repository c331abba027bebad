"""A control API that answers what a test tells it, and remembers what it was asked."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc

from taskweir_pb.control.v1 import control_pb2_grpc as stubs


@dataclass
class Fake:
    """`answers` by method: a message, a function of the request, or an iterator for a stream."""

    address: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    requests: list[Any] = field(default_factory=list)


class Refused(Exception):
    """What an answer raises to fail the call."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@contextmanager
def fake_control() -> Iterator[Fake]:
    """On a free port."""
    fake = Fake()
    with ThreadPoolExecutor() as pool:
        server = grpc.server(pool)
        stubs.add_ControlServicer_to_server(_servicer(fake), server)
        fake.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        try:
            yield fake
        finally:
            server.stop(0).wait()


def _servicer(fake: Fake) -> stubs.ControlServicer:
    servicer = stubs.ControlServicer()
    for name in [name for name in dir(servicer) if name[0].isupper()]:
        setattr(servicer, name, _method(fake, name))
    return servicer


def _method(fake: Fake, name: str) -> Callable[[Any, grpc.ServicerContext], Any]:
    def method(request: Any, context: grpc.ServicerContext) -> Any:
        fake.requests.append(request)
        try:
            answer = fake.answers[name]
            return answer(request) if callable(answer) else answer
        except Refused as refused:
            context.abort(refused.code, refused.message)

    return method
