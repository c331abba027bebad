"""Every number the service documents or was seen to enforce, with its source."""

from typing import Final

from taskweir.domain.times import DAY, HOUR, MILLISECOND, MINUTE, SECOND, Micros

# Queue defaults: recorded from the live service (2026). How high they may be set: queue_bounds.py.
DEFAULT_DISPATCHES_PER_SECOND: Final = 500.0
DEFAULT_CONCURRENT_DISPATCHES: Final = 1_000
DEFAULT_MAX_ATTEMPTS: Final = 100
DEFAULT_MIN_BACKOFF: Final[Micros] = 100 * MILLISECOND
DEFAULT_MAX_BACKOFF: Final[Micros] = HOUR
DEFAULT_MAX_DOUBLINGS: Final = 16

# Documented for v2beta3: https://cloud.google.com/tasks/docs/reference/rest/v2beta3/projects.locations.queues
MIN_TASK_TTL: Final[Micros] = 10 * DAY
MAX_TASK_TTL: Final[Micros] = 3_650 * DAY
MIN_TOMBSTONE_TTL: Final[Micros] = HOUR
MAX_TOMBSTONE_TTL: Final[Micros] = 9 * DAY

# Task bounds. The size is of the stored task, serialized: measured on the live service, 2^20 - 7.
MAX_TASK_SIZE: Final = 1_048_569
MAX_SCHEDULE_AHEAD: Final[Micros] = 720 * HOUR
MIN_DISPATCH_DEADLINE: Final[Micros] = 15 * SECOND
MAX_HTTP_DISPATCH_DEADLINE: Final[Micros] = 30 * MINUTE
DEFAULT_HTTP_DISPATCH_DEADLINE: Final[Micros] = 10 * MINUTE
MAX_APP_ENGINE_DISPATCH_DEADLINE: Final[Micros] = 24 * HOUR + 15 * SECOND

# Documented bounds of a request: https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks
MAX_URL_LENGTH: Final = 2_083
MAX_HEADERS_SIZE: Final = 80 * 1_024

# Pull queues: the LeaseTasks reference and the quotas page of v2beta2. The tag counts as bytes to a pull task's size.
MAX_TAG_LENGTH: Final = 500
MAX_PULL_MESSAGE_SIZE: Final = 1 << 20
MAX_LEASED_TASKS: Final = 1_000
MAX_LEASED_BYTES: Final = 32 << 20
MAX_LEASE: Final[Micros] = 7 * DAY

# Batches, pages and what is kept: https://cloud.google.com/tasks/docs/quotas and the method references.
MAX_BATCH_CREATE: Final = 100
MAX_BATCH_DELETE: Final = 1_000
MAX_QUEUES_PAGE: Final = 9_800
MAX_TASKS_PAGE: Final = 1_000
PAGE_TOKEN_LIFE: Final[Micros] = 2 * HOUR
OPERATION_LIFE: Final[Micros] = DAY
DEFAULT_TASK_TOMBSTONE: Final[Micros] = HOUR
DEFAULT_TASK_RETENTION: Final[Micros] = 31 * DAY

# Our own: the official client refuses a reply over 4 MiB by default, and a page must not run into that.
MAX_PAGE_BYTES: Final = 3 * 1_024 * 1_024
