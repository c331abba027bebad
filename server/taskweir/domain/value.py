"""Values that are made by the thousand: frozen to the type checker, and quick to make."""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def value(cls: type[T]) -> type[T]:
    """A frozen dataclass with slots, frozen for the type checker alone: Python's own way to freeze makes each field cost
    five times as much to set: a Task takes 1.3 µs to make instead of 0.2, and an attempt sets some 80 fields."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
