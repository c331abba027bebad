"""queue.yaml: uploaded, or had at the start."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from taskweir.clock import Clock
from taskweir.domain.errors import InvalidArgument, QueueTombstoned, quoted
from taskweir.domain.names import PROJECT_ID, LocationName, QueueName
from taskweir.domain.queue_entry import QueueYaml, without_partition
from taskweir.domain.queue_yaml import uploaded
from taskweir.queue_file import read_queue_yaml
from taskweir.store.base import Store


@dataclass(frozen=True, slots=True)
class QueueFileService:
    """`location` is the one place where the queues of queue.yaml are, as an App Engine app has one region."""

    store: Store
    clock: Clock
    location: str

    async def upload(self, app_id: str, content: bytes) -> None:
        """UploadQueueYaml: have the queues of the file, disable the project's others, and all of it or nothing.

        `app_id` is a project, with or without the partition before it. Raises InvalidArgument, QueueTombstoned.
        """
        project = without_partition(app_id)
        if not PROJECT_ID.fullmatch(project):
            raise InvalidArgument(f'The app id "{quoted(app_id)}" is no project id.')
        # In a thread, since the largest takes most of a second.
        file = await asyncio.to_thread(read_queue_yaml, content)
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
        await self.store.change_queues(
            parent,
            lambda queues: uploaded(queues, file, parent, with_default=with_default, spared=spared),
            self.clock.now(),
            revive=revive,
        )
