"""What production answers to calls that make or change a queue."""

from typing import Final

from google.rpc.error_details_pb2 import ErrorInfo, LocalizedMessage
from tests.api.answers import (
    DELETED_QUEUE,
    INVALID_RESOURCE,
    NEW_QUEUE,
    PARENT,
    QUEUE,
    QUEUE_NAME_HELP,
    help_link,
    new_queue,
    row,
    update,
)

from taskweir_pb.v2 import cloudtasks_pb2 as pb

ROWS: Final = [
    # CreateQueue
    row("CreateQueue", "name is free", new_queue()),
    row("CreateQueue", "name is taken", new_queue(QUEUE), "ALREADY_EXISTS", "Queue already exists"),
    row(
        "CreateQueue",
        "queue was deleted recently",
        new_queue(DELETED_QUEUE),
        "FAILED_PRECONDITION",
        "The queue cannot be created because a queue with this name existed too recently.",
    ),
    *(
        row(
            "CreateQueue",
            f"name is {name!r}",
            new_queue(name),
            "INVALID_ARGUMENT",
            'Queue name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>".',
            QUEUE_NAME_HELP,
        )
        for name in ("", "my-queue", PARENT, f"{PARENT}/queues/", f"{PARENT}/queues/a/b", f"/{QUEUE}")
    ),
    row(
        "CreateQueue",
        "no queue is given",
        pb.CreateQueueRequest(parent=PARENT),
        "INVALID_ARGUMENT",
        'Queue name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>".',
        QUEUE_NAME_HELP,
    ),
    row(
        "CreateQueue",
        "id has an underscore",
        new_queue(f"{PARENT}/queues/auto_label"),
        "INVALID_ARGUMENT",
        'Queue ID "auto_label" can contain only letters ([A-Za-z]), numbers ([0-9]), or hyphens (-). '
        "Queue ID must be between 1 and 100 characters.",
    ),
    row("CreateQueue", "id has 100 characters", new_queue(f"{PARENT}/queues/{'a' * 100}")),
    row(
        "CreateQueue",
        "id has 101 characters",
        new_queue(f"{PARENT}/queues/{'a' * 101}"),
        "INVALID_ARGUMENT",
        f'Queue ID "{"a" * 101}" can contain only letters ([A-Za-z]), numbers ([0-9]), or hyphens (-). '
        "Queue ID must be between 1 and 100 characters.",
    ),
    row(
        "CreateQueue",
        "name is in another location",
        new_queue("projects/p/locations/us-east1/queues/q"),
        "INVALID_ARGUMENT",
        f"projects/p/locations/us-east1/queues/q must begin with {PARENT}.",
    ),
    row(
        "CreateQueue",
        "parent is no resource",
        new_queue(parent="not-a-valid-parent"),
        "PERMISSION_DENIED",
        "Permission denied on resource project not-a-valid-parent.",
        ErrorInfo(
            reason="CONSUMER_INVALID",
            domain="googleapis.com",
            metadata={
                "consumer": "projects/not-a-valid-parent",
                "containerInfo": "not-a-valid-parent",
                "service": "cloudtasks.googleapis.com",
            },
        ),
        LocalizedMessage(locale="en-US", message="Permission denied on resource project not-a-valid-parent."),
        help_link("Google developers console", "https://console.developers.google.com"),
    ),
    row(
        "CreateQueue",
        "parent is a project",
        new_queue(parent="projects/p"),
        "INVALID_ARGUMENT",
        INVALID_RESOURCE,
    ),
    row(
        "CreateQueue",
        "project has a domain",
        new_queue(
            "projects/example.com:p/locations/us-central1/queues/q",
            "projects/example.com:p/locations/us-central1",
        ),
    ),
    *(
        row("CreateQueue", when, new_queue(**{field: value}), code, message)  # type: ignore[arg-type]
        for when, field, value, code, message in (
            (
                "rate is below 0",
                "rate_limits",
                {"max_dispatches_per_second": -1},
                "INVALID_ARGUMENT",
                "RateLimits.maxDispatchesPerSecond cannot be negative.",
            ),
            (
                "rate is above 500",
                "rate_limits",
                {"max_dispatches_per_second": 500.1},
                "INVALID_ARGUMENT",
                "RateLimits.maxDispatchesPerSecond must be less than or equal to 500.",
            ),
            ("rate is 500", "rate_limits", {"max_dispatches_per_second": 500}, "OK", ""),
            ("rate is 0", "rate_limits", {"max_dispatches_per_second": 0}, "OK", ""),
            ("burst is below 0", "rate_limits", {"max_burst_size": -1}, "OK", ""),
            (
                "concurrency is below 0",
                "rate_limits",
                {"max_concurrent_dispatches": -1},
                "INVALID_ARGUMENT",
                "RateLimits.maxConcurrentDispatches cannot be negative.",
            ),
            (
                "concurrency is above 5000",
                "rate_limits",
                {"max_concurrent_dispatches": 5_001},
                "INVALID_ARGUMENT",
                "RateLimits.maxConcurrentDispatches must be less than or equal to 5000.",
            ),
            ("concurrency is 5000", "rate_limits", {"max_concurrent_dispatches": 5_000}, "OK", ""),
            (
                "attempts are below -1",
                "retry_config",
                {"max_attempts": -2},
                "INVALID_ARGUMENT",
                "RetryConfig.maxAttempts must be greater or equal to -1.",
            ),
            ("attempts are -1", "retry_config", {"max_attempts": -1}, "OK", ""),
            (
                "retry duration is below 0",
                "retry_config",
                {"max_retry_duration": {"seconds": -1}},
                "INVALID_ARGUMENT",
                "RetryConfig.maxRetryDuration cannot be negative.",
            ),
            (
                "shortest backoff is below 0",
                "retry_config",
                {"min_backoff": {"nanos": -1}},
                "INVALID_ARGUMENT",
                "RetryConfig.minBackoff cannot be negative.",
            ),
            (
                "longest backoff is below 0",
                "retry_config",
                {"max_backoff": {"seconds": -1}},
                "INVALID_ARGUMENT",
                "RetryConfig.maxBackoff cannot be negative.",
            ),
            (
                "doublings are below 0",
                "retry_config",
                {"max_doublings": -1},
                "INVALID_ARGUMENT",
                "RetryConfig.maxDoublings cannot be negative.",
            ),
            (
                "shortest backoff is above the longest",
                "retry_config",
                {"min_backoff": {"seconds": 20}, "max_backoff": {"seconds": 10}},
                "INVALID_ARGUMENT",
                "RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.",
            ),
            (
                "longest backoff is below the default shortest",
                "retry_config",
                {"max_backoff": {"nanos": 50_000_000}},
                "INVALID_ARGUMENT",
                "RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.",
            ),
            (
                "host of the target is empty",
                "http_target",
                {"uri_override": {"host": ""}},
                "INVALID_ARGUMENT",
                "UriOverride.host cannot be empty.",
            ),
            (
                "method of the target is unknown",
                "http_target",
                {"http_method": 99},
                "INVALID_ARGUMENT",
                (
                    "Invalid value at 'queue.http_target.http_method' "
                    "(type.googleapis.com/google.cloud.tasks.v2.HttpMethod), 99"
                ),
            ),
            (
                "scheme of the target is unknown",
                "http_target",
                {"uri_override": {"scheme": 9}},
                "INVALID_ARGUMENT",
                (
                    "Invalid value at 'queue.http_target.uri_override.scheme' "
                    "(type.googleapis.com/google.cloud.tasks.v2.UriOverride.Scheme), 9"
                ),
            ),
        )
    ),
    # UpdateQueue
    row("UpdateQueue", "queue is there", update()),
    row("UpdateQueue", "queue is not there", update(NEW_QUEUE)),
    row(
        "UpdateQueue",
        "queue was deleted recently",
        update(DELETED_QUEUE),
        "FAILED_PRECONDITION",
        "The queue cannot be created because a queue with this name existed too recently.",
    ),
    row(
        "UpdateQueue",
        "name is malformed",
        update("q"),
        "INVALID_ARGUMENT",
        'Queue name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>".',
        QUEUE_NAME_HELP,
    ),
    row(
        "UpdateQueue",
        "rate is above 500",
        update(mask=("rate_limits",), rate_limits={"max_dispatches_per_second": 501}),
        "INVALID_ARGUMENT",
        "RateLimits.maxDispatchesPerSecond must be less than or equal to 500.",
    ),
    *(
        row(
            "UpdateQueue",
            f"mask has {path!r}",
            update(mask=(path,)),
            "INVALID_ARGUMENT",
            f"Invalid mask for Queue: {path}",
        )
        for path in (
            "",
            "x",
            "rate_limits.x",
            "state.x",
            "rate_limits.",
            ".",
            "retry_config.min_backoff.seconds",
        )
    ),
    *(
        row("UpdateQueue", f"mask has {path}", update(mask=(path,)))
        for path in (
            "rate_limits",
            "rateLimits.maxDispatchesPerSecond",
            "retry_config.max_attempts",
            "http_target.uri_override.path_override.path",
            "stackdriver_logging_config.sampling_ratio",
            "appEngineRoutingOverride",
            "state",
            "name",
            "purge_time",
            "rate_limits.max_burst_size",
        )
    ),
]
