"""One page of a listing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from taskweir.domain.errors import InvalidArgument

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`next_page_token` is empty on the last page."""

    items: Sequence[T]
    next_page_token: str


def effective_page_size(page_size: int, largest: int) -> int:
    """Zero asks for the largest page, and more than that is cut to it. Raises InvalidArgument below zero."""
    if page_size < 0:
        raise InvalidArgument("The page size cannot be negative.")
    return min(page_size or largest, largest)
