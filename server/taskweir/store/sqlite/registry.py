"""The queues as last committed, in memory: every call needs one, and there are few beside the tasks."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from taskweir.domain.model import Queue
from taskweir.domain.names import LocationName, QueueName
from taskweir.domain.times import Instant


@dataclass(frozen=True, slots=True)
class Retired:
    """A generation whose tasks are gone but not yet swept; their names are taken until `blocked_until`."""

    generation: int
    blocked_until: Instant


@dataclass(frozen=True, slots=True)
class Entry:
    """A queue, the generation its tasks belong to, the number its tombstones are kept under, and its earlier
    generations that still block names."""

    queue: Queue
    generation: int
    names: int
    retired: tuple[Retired, ...] = ()


class Registry:
    """Changed on the event loop only, after a commit and before the next transaction begins."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._by_name: dict[QueueName, Entry] = {}
        self._by_uid: dict[int, Entry] = {}
        self._ids: dict[LocationName, list[str]] = {}
        for entry in entries:
            self.put(entry)

    def get(self, name: QueueName) -> Entry | None:
        return self._by_name.get(name)

    def by_uid(self, uid: int) -> Entry | None:
        return self._by_uid.get(uid)

    def entries(self) -> Sequence[Entry]:
        return list(self._by_name.values())

    def after(self, parent: LocationName, after: str, limit: int) -> Sequence[Queue]:
        """The queues of a location in order of their ids, from the first id greater than `after`."""
        ids = self._ids.get(parent, [])
        first = bisect_right(ids, after)
        return [self._by_name[parent.queue(queue_id)].queue for queue_id in ids[first : first + limit]]

    def locations(self, project: str) -> Sequence[str]:
        return sorted(parent.location for parent in self._ids if parent.project == project)

    def put(self, entry: Entry) -> None:
        name = entry.queue.name
        known = self._by_name.get(name)
        if known is None:
            insort(self._ids.setdefault(name.parent, []), name.id)
        else:
            del self._by_uid[known.queue.uid]
        self._by_name[name] = entry
        self._by_uid[entry.queue.uid] = entry

    def remove(self, name: QueueName) -> None:
        entry = self._by_name.pop(name)
        del self._by_uid[entry.queue.uid]
        ids = self._ids[name.parent]
        del ids[bisect_left(ids, name.id)]
        if not ids:
            del self._ids[name.parent]
