"""queue.yaml: uploaded, or had at the start."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from taskweir.clock import Clock
from taskweir.domain.errors import InvalidArgument, QueueTombstoned, quoted
from taskweir.domain.model import Queue, QueueState
from taskweir.domain.names import PROJECT_ID, LocationName, QueueName
from taskweir.domain.queue_bounds import PRODUCTION, QueueBounds
from taskweir.domain.queue_entry import QueueYaml, without_partition
from taskweir.domain.queue_yaml import uploaded
from taskweir.queue_file import read_queue_yaml
from taskweir.store.base import Store

_LOG: Final = logging.getLogger("taskweir.queue_yaml")
_NAMES_SHOWN: Final = 10
"""Of each kind of change in a log line: a project may have thousands of queues that a file leaves out."""


@dataclass(frozen=True, slots=True)
class QueueFileService:
    """`location` is the one place where the queues of queue.yaml are, as an App Engine app has one region."""

    store: Store
    clock: Clock
    location: str
    bounds: QueueBounds = PRODUCTION

    async def upload(self, app_id: str, content: bytes) -> None:
        """UploadQueueYaml: have the queues of the file, disable the project's others, and all of it or nothing.

        `app_id` is a project, with or without the partition before it. Raises InvalidArgument, QueueTombstoned.
        """
        project = without_partition(app_id)
        if not PROJECT_ID.fullmatch(project):
            raise InvalidArgument(f'The app id "{quoted(app_id)}" is no project id.')
        # In a thread, since the largest takes most of a second.
        file = await asyncio.to_thread(read_queue_yaml, content, bounds=self.bounds)
        parent = LocationName(project, self.location)
        try:
            await self._change(parent, file, with_default=True)
        except QueueTombstoned:
            # Not for a `default` that nobody asked for, and that was deleted lately.
            await self._change(parent, file, with_default=False)

    async def have(self, project: str, file: QueueYaml, spared: Collection[QueueName] = ()) -> None:
        """The same for a file of the operator's own: names that were deleted lately are no hindrance, and the `spared`
        queues, which he named elsewhere, are not disabled."""
        parent = LocationName(project, self.location)
        await self._change(parent, file, with_default=True, spared=spared, revive=True)

    async def _change(
        self,
        parent: LocationName,
        file: QueueYaml,
        *,
        with_default: bool,
        spared: Collection[QueueName] = (),
        revive: bool = False,
    ) -> None:
        told = ""

        def change(queues: Sequence[Queue]) -> Sequence[Queue]:
            nonlocal told
            changed = uploaded(queues, file, parent, with_default=with_default, spared=spared)
            told = _told(queues, changed)
            return changed

        await self.store.change_queues(parent, change, self.clock.now(), revive=revive)
        _LOG.info("%s for %s: %s", file.path, parent, told)


def _told(before: Sequence[Queue], changed: Sequence[Queue]) -> str:
    """Which queues a file made, changed and disabled, for the log."""
    was = {queue.name: queue for queue in before}
    ids: dict[str, list[str]] = {"made": [], "changed": [], "disabled": []}
    for queue in changed:
        present = was.get(queue.name)
        if present is None:
            ids["made"].append(queue.name.id)
        elif present.state is not QueueState.DISABLED and queue.state is QueueState.DISABLED:
            ids["disabled"].append(queue.name.id)
        elif present != queue:
            ids["changed"].append(queue.name.id)
    return ", ".join(f"{len(found)} {kind}{_shown(found)}" for kind, found in ids.items())


def _shown(ids: Sequence[str]) -> str:
    if not ids:
        return ""
    more = ", …" if len(ids) > _NAMES_SHOWN else ""
    return f" ({', '.join(ids[:_NAMES_SHOWN])}{more})"
