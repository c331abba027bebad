"""The use-cases of queues, one method an RPC. Arguments are as the caller sent them; Refusals are raised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from taskweir.clock import Clock
from taskweir.domain.drafts import QueueDraft
from taskweir.domain.errors import FailedPrecondition, InvalidArgument, QueueExists, QueueNotFound, quoted
from taskweir.domain.limits import MAX_PAGE_BYTES, MAX_QUEUES_PAGE
from taskweir.domain.locations import REGIONS
from taskweir.domain.model import Queue, QueueState
from taskweir.domain.name_rules import location_of, queue_in_body, queue_of
from taskweir.domain.names import LocationName, QueueName
from taskweir.domain.page_token import PageTokens
from taskweir.domain.queue_bounds import PRODUCTION, QueueBounds
from taskweir.domain.queue_filter import NO_NAMES, Matches, parse_filter
from taskweir.domain.queue_rules import new_queue, updated_queue
from taskweir.domain.ttl import Ttls
from taskweir.service.page import Page, effective_page_size
from taskweir.store.base import Store

_SCAN: Final = 1_000
"""Queues read at a time when a filter decides how many of them are shown."""
_QUEUE_SIZE: Final = 1_024
"""Bytes of a queue beside its HTTP target, at the most."""


@dataclass(frozen=True, slots=True)
class QueueService:
    """`strict` takes production's locations only; `forget_purged_names` is the hard reset on purge. Queues are returned
    with the times of `ttls` where they have none of their own."""

    store: Store
    clock: Clock
    strict: bool = False
    forget_purged_names: bool = False
    ttls: Ttls = field(default_factory=Ttls)
    bounds: QueueBounds = PRODUCTION

    async def list(
        self, parent: str, filter: str, page_size: int, page_token: str, names: Mapping[str, str] = NO_NAMES
    ) -> Page[Queue]:
        """Queues of a location in order of their ids. `names` as in `parse_filter`."""
        location = self._location(parent)
        matches = parse_filter(filter, names)
        size = effective_page_size(page_size, MAX_QUEUES_PAGE)
        tokens = PageTokens(self.store.page_token_key)
        request = f"ListQueues\n{location}\n{filter}"
        after = tokens.read(request, page_token, self.clock.now())
        found = await self._find(location, after, size + 1, matches)
        page = _within_a_page(found[:size])
        if len(page) == len(found):
            return Page(page, "")
        return Page(page, tokens.make(request, page[-1].name.id, self.clock.now()))

    async def _find(self, parent: LocationName, after: str, wanted: int, matches: Matches) -> Sequence[Queue]:
        found: list[Queue] = []
        while len(found) < wanted:
            queues = await self.store.list_queues(parent, after, _SCAN)
            found += filter(matches, map(self.ttls.filled_in, queues))
            if len(queues) < _SCAN:
                break
            after = queues[-1].name.id
        return found[:wanted]

    async def get(self, name: str) -> Queue:
        return self.ttls.filled_in(await self.store.get_queue(queue_of(name)))

    async def create(self, parent: str, draft: QueueDraft | None) -> Queue:
        """Make a queue. Its name is required and must lie in the parent."""
        location = self._location(parent)
        name = queue_in_body(draft.name if draft else "")
        if name.parent != location:
            raise InvalidArgument(f"{quoted(str(name))} must begin with {quoted(parent)}.")
        assert draft is not None
        queue = new_queue(name, self.ttls.left_out(draft), self.bounds)

        def create(existing: Queue | None) -> Queue:
            if existing is not None:
                raise QueueExists
            return queue

        return self.ttls.filled_in(await self.store.change_queue(name, create, self.clock.now()))

    async def update(self, draft: QueueDraft | None, mask: Sequence[str] | None) -> Queue:
        """Change a queue, or make it where there is none. `mask` as in `queue_rules.updated_queue`."""
        name = queue_in_body(draft.name if draft else "")
        self._location(str(name.parent))
        assert draft is not None
        wanted = self.ttls.left_out(draft)

        def update(existing: Queue | None) -> Queue:
            return updated_queue(existing or _plain_queue(name, wanted), wanted, mask, self.bounds)

        return self.ttls.filled_in(await self.store.change_queue(name, update, self.clock.now()))

    async def configure(self, draft: QueueDraft, mask: Sequence[str]) -> Queue:
        """Have a queue as the operator configured it: made where there is none, even when one of its name was
        deleted lately, and in the masked fields changed where there is one; an empty mask changes nothing."""
        name = queue_in_body(draft.name)
        self._location(str(name.parent))

        def configure(existing: Queue | None) -> Queue:
            queue = existing or _plain_queue(name, draft)
            return updated_queue(queue, draft, mask, self.bounds)

        return await self.store.change_queue(name, configure, self.clock.now(), revive=True)

    async def delete(self, name: str) -> None:
        await self.store.delete_queue(queue_of(name), self.clock.now())

    async def purge(self, name: str) -> Queue:
        queue = queue_of(name)
        purged = await self.store.purge_queue(queue, self.clock.now(), forget_names=self.forget_purged_names)
        return self.ttls.filled_in(purged)

    async def pause(self, name: str) -> Queue:
        return await self._set_state(queue_of(name), QueueState.PAUSED)

    async def resume(self, name: str) -> Queue:
        return await self._set_state(queue_of(name), QueueState.RUNNING)

    async def _set_state(self, name: QueueName, state: QueueState) -> Queue:
        def change(queue: Queue | None) -> Queue:
            if queue is None:
                raise QueueNotFound
            if queue.state is QueueState.DISABLED and state is QueueState.PAUSED:
                # Only RUNNING queues are documented to be paused; production's text is not recorded.
                raise FailedPrecondition("A disabled queue cannot be paused.")
            return replace(queue, state=state)

        return self.ttls.filled_in(await self.store.change_queue(name, change, self.clock.now()))

    def _location(self, parent: str) -> LocationName:
        location = location_of(parent)
        if self.strict and location.location not in REGIONS:
            raise InvalidArgument(
                f"Location '{quoted(location.location)}' is not a valid location. "
                "Use ListLocations to list valid locations."
            )
        return location


def _within_a_page(queues: Sequence[Queue]) -> Sequence[Queue]:
    """As many as a client takes in one message, at least one."""
    total = 0
    for count, queue in enumerate(queues):
        total += _rough_size(queue)
        if total > MAX_PAGE_BYTES and count:
            return queues[:count]
    return queues


def _rough_size(queue: Queue) -> int:
    """In bytes on the wire, a little more rather than less. Everything but header overrides is bounded."""
    headers = queue.http_target.header_overrides if queue.http_target else ()
    return _QUEUE_SIZE + sum(len(name) + len(value.encode()) + 8 for name, value in headers)


def _plain_queue(name: QueueName, draft: QueueDraft) -> Queue:
    return new_queue(name, QueueDraft(str(name), type=draft.type))
