"""Asking the store for due tasks."""

from collections.abc import Sequence

from taskweir.clock import Clock
from taskweir.domain.errors import Unavailable
from taskweir.store.base import Claim, ClaimRequest, Store


async def claim(store: Store, clock: Clock, requests: Sequence[ClaimRequest]) -> Sequence[Claim | Exception]:
    """The claims, or why there is none. What is wrong with one queue stops no other."""
    try:
        return await store.claim(requests, clock.now())
    except Unavailable as error:
        return [error] * len(requests)
    except Exception as error:
        # Our own fault, met with one of them.
        if len(requests) == 1:
            return [error]
    return [(await claim(store, clock, [request]))[0] for request in requests]
