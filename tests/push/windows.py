"""Windows of queues that are in no store."""

from taskweir.domain.model import HttpRequest, Queue, RateLimits, RetryConfig, Task
from taskweir.domain.names import LocationName
from taskweir.domain.rate import TokenBucket
from taskweir.domain.times import SECOND, Instant
from taskweir.push.window import QueueWindow

START: Instant = 1_700_000_000 * SECOND
NAME = LocationName("p", "us-central1").queue("q")


def window(uid: int = 1, *, rate: float = 500.0, burst: int = 100, concurrent: int = 1_000) -> QueueWindow:
    """Of a queue that runs, with a full bucket and work due."""
    limits = RateLimits(rate, burst, concurrent)
    queue = Queue(NAME, limits, RetryConfig(1, 0, 0, 0, 0), uid=uid)
    return QueueWindow(queue, TokenBucket.full(limits, START), next_due=START)


def tasks(count: int, size: int = 0) -> list[Task]:
    return [
        Task(NAME.task(str(n)), HttpRequest("http://target/", body=bytes(size)), START, START)
        for n in range(count)
    ]
