"""What a data file keeps of a queue."""

import json

import pytest
from tests.store.builders import Q, queue

from taskweir.domain.model import Acl, Queue, QueueSource, QueueType
from taskweir.store.sqlite.queue_rows import queue_of, settings_of


@pytest.mark.parametrize(
    "kept",
    [
        queue(),
        queue(acl=Acl(("a@b", "c@d"), ("e@f",)), type=QueueType.PULL, source=QueueSource.YAML, uid=7),
        queue(acl=Acl(), task_ttl=315_576_000_000_000_000, tombstone_ttl=1),
    ],
)
def test_a_queue_is_read_as_it_was_written(kept: Queue) -> None:
    """With its acl, or without."""
    assert queue_of(Q, kept.uid, settings_of(kept)) == kept


def test_a_row_of_an_older_version_has_no_acl() -> None:
    """Nor has one of a queue without: it is the same row."""
    assert "acl" not in json.loads(settings_of(queue()))
