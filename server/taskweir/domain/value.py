"""Values that are made by the thousand: frozen to the type checker, and quick to make."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

__all__ = ["value"]

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:

    def value(*, frozen: bool, slots: bool) -> Callable[[type[Any]], type[Any]]:
        """`dataclass(frozen=True, slots=True)`, held to it by mypy alone: what keeps a value frozen while the program
        runs is a call for each field, so that a Task takes 1.3 µs to make instead of 0.2."""
        return dataclass(slots=slots, unsafe_hash=frozen)
