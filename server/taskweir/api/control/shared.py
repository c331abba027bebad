"""Messages that go to many streams, made once."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from google.protobuf.message import Message

from taskweir.control.feed import Record

_KEPT: Final = 256
"""Of the latest: streams that keep up are about as far as each other."""

R = TypeVar("R", bound=Record)
M = TypeVar("M", bound=Message)


class Shared(Generic[R, M]):
    """`make`, but for a record that was asked for lately the message that was made of it then. A record has its id for
    ever, and does not change."""

    def __init__(self, make: Callable[[R], M]) -> None:
        self._make = make
        self._made: dict[int, M] = {}

    def __call__(self, record: R) -> M:
        message = self._made.get(record.id)
        if message is None:
            message = self._made[record.id] = self._make(record)
            if len(self._made) > _KEPT:
                del self._made[next(iter(self._made))]
        return message
