"""What production answers to calls about one task."""

from typing import Final

from tests.api.answers import (
    APP_ENGINE,
    GONE,
    HTTP,
    NO_TASK,
    NOT_FOUND,
    OTHER_QUEUE,
    QUEUE,
    TAKEN,
    TASK_GONE,
    TASK_ID_HELP,
    new_app_engine_task,
    new_http_task,
    new_task,
    row,
)
from tests.api.running import NOW

from taskweir.domain.times import DAY, SECOND
from taskweir_pb.v2 import cloudtasks_pb2 as pb

ROWS: Final = [
    # CreateTask
    row("CreateTask", "name is free", new_task(name=NO_TASK, http_request=HTTP)),
    row(
        "CreateTask",
        "name is taken",
        new_task(name=TAKEN, http_request=HTTP),
        "ALREADY_EXISTS",
        "Requested entity already exists",
    ),
    row(
        "CreateTask",
        "name was used recently",
        new_task(name=GONE, http_request=HTTP),
        "ALREADY_EXISTS",
        "The task cannot be created because a task with this name existed too recently. "
        "For more information about task de-duplication see https://cloud.google.com/tasks/docs/reference/rest/v2/"
        "projects.locations.queues.tasks/create#body.request_body.FIELDS.task.",
    ),
    row(
        "CreateTask",
        "id is bad",
        new_task(name=f"{QUEUE}/tasks/not a valid id", http_request=HTTP),
        "INVALID_ARGUMENT",
        'Task ID "not a valid id" can contain only letters ([A-Za-z]), numbers ([0-9]), hyphens (-), '
        "or underscores (_). Task ID must between 1 and 500 characters.",
        TASK_ID_HELP,
    ),
    row(
        "CreateTask", "id has 500 characters", new_task(name=f"{QUEUE}/tasks/{'a' * 500}", http_request=HTTP)
    ),
    row(
        "CreateTask",
        "id has 501 characters",
        new_task(name=f"{QUEUE}/tasks/{'a' * 501}", http_request=HTTP),
        "INVALID_ARGUMENT",
        f'Task ID "{"a" * 501}" can contain only letters ([A-Za-z]), numbers ([0-9]), hyphens (-), '
        "or underscores (_). Task ID must between 1 and 500 characters.",
        TASK_ID_HELP,
    ),
    row(
        "CreateTask",
        "name is malformed",
        new_task(name="taken", http_request=HTTP),
        "INVALID_ARGUMENT",
        'Task name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>'
        '/tasks/<TASK_ID>"',
    ),
    row(
        "CreateTask",
        "name is in another queue",
        new_task(name=f"{OTHER_QUEUE}/tasks/t", http_request=HTTP),
        "INVALID_ARGUMENT",
        f"The queue name from request ('{QUEUE}') must be the same as the queue name "
        f"in the named task ('{OTHER_QUEUE}').",
    ),
    row("CreateTask", "no target is set", new_task(), "INVALID_ARGUMENT", "Task.payload_type is not set."),
    row(
        "CreateTask",
        "no task is given",
        pb.CreateTaskRequest(parent=QUEUE),
        "INVALID_ARGUMENT",
        "Task.payload_type is not set.",
    ),
    row(
        "CreateTask",
        "url is empty",
        new_http_task(url=""),
        "INVALID_ARGUMENT",
        "HttpRequest.url is required.",
    ),
    *(
        row(
            "CreateTask",
            f"url is {url}",
            new_http_task(url=url),
            "INVALID_ARGUMENT",
            "HttpTarget.url must start with 'http://' or 'https://'.",
        )
        for url in ("example.com", "ftp://example.com", "/job", "http:/example.com")
    ),
    row("CreateTask", "url has a bad escape", new_http_task(url="https://example.com/%zz")),
    row("CreateTask", "url has 2083 characters", new_http_task(url="https://example.com/".ljust(2_083, "a"))),
    row(
        "CreateTask",
        "url has 2084 characters",
        new_http_task(url="https://example.com/".ljust(2_084, "a")),
        "INVALID_ARGUMENT",
        "HttpRequest.url must be at most 2083 characters.",
    ),
    row(
        "CreateTask",
        "GET has a body",
        new_http_task(http_method="GET", body=b"x"),
        "INVALID_ARGUMENT",
        "HttpRequest.body can only be set for the HTTP methods POST, PUT and PATCH.",
    ),
    row("CreateTask", "PATCH has a body", new_http_task(http_method="PATCH", body=b"x")),
    row(
        "CreateTask",
        "headers are 80 KB",
        new_http_task(headers={"X": "a" * 81_919}),
        "INVALID_ARGUMENT",
        "HttpRequest.headers must be less than 80 KB in total.",
    ),
    row(
        "CreateTask",
        "header value breaks the line",
        new_http_task(headers={"X": "a\r\nY: b"}),
        "INVALID_ARGUMENT",
        'HttpRequest.headers has an invalid value for header "X".',
    ),
    row(
        "CreateTask",
        "header name has a space",
        new_http_task(headers={"a b": "c"}),
        "INVALID_ARGUMENT",
        'HttpRequest.headers has an invalid header name: "a b".',
    ),
    row(
        "CreateTask",
        "token has no account",
        new_http_task(oidc_token={"audience": "a"}),
        "INVALID_ARGUMENT",
        "OidcToken.serviceAccountEmail is required.",
    ),
    row(
        "CreateTask",
        "token for an http:// target",
        new_http_task(url="http://localhost/", oidc_token={"service_account_email": "me@example.com"}),
    ),
    row("CreateTask", "App Engine target", new_app_engine_task()),
    row("CreateTask", "App Engine path is empty", new_app_engine_task(relative_uri="")),
    row(
        "CreateTask",
        "App Engine path has no slash",
        new_app_engine_task(relative_uri="work"),
        "INVALID_ARGUMENT",
        "AppEngineHttpRequest.relativeUri must start with '/'.",
    ),
    row(
        "CreateTask",
        "App Engine PATCH has a body",
        new_app_engine_task(http_method="PATCH", body=b"x"),
        "INVALID_ARGUMENT",
        "AppEngineHttpRequest.body can only be set for the HTTP methods POST and PUT.",
    ),
    *(
        row("CreateTask", f"deadline is {seconds} s, {target}", request, code, message)
        for target, field, value, longest, message in (
            (
                "HTTP",
                "http_request",
                HTTP,
                1_800,
                "Task.dispatchDeadline must be between [15s, 30m].",
            ),
            (
                "App Engine",
                "app_engine_http_request",
                APP_ENGINE,
                86_415,
                "Task.dispatchDeadline must be between [15s, 24h15s].",
            ),
        )
        for seconds, code in (
            (-1, "INVALID_ARGUMENT"),
            (14, "INVALID_ARGUMENT"),
            (15, "OK"),
            (longest, "OK"),
            (longest + 1, "INVALID_ARGUMENT"),
        )
        for request in [new_task(dispatch_deadline={"seconds": seconds}, **{field: value})]
    ),
    row(
        "CreateTask",
        "schedule time is far",
        new_task(http_request=HTTP, schedule_time={"seconds": 4_102_444_800}),
        "INVALID_ARGUMENT",
        "The Task.scheduleTime, 2099-12-31T16:00:00-08:00, is too far in the future. "
        "Schedule time must be no more than 720h in the future.",
    ),
    row(
        "CreateTask",
        "schedule time is far, in summer and with a fraction",
        new_task(http_request=HTTP, schedule_time={"seconds": 1_814_400_000, "nanos": 250_000_000}),
        "INVALID_ARGUMENT",
        "The Task.scheduleTime, 2027-06-30T17:00:00.25-07:00, is too far in the future. "
        "Schedule time must be no more than 720h in the future.",
    ),
    row(
        "CreateTask",
        "schedule time is 720 h ahead",
        new_task(
            http_request=HTTP,
            schedule_time={"seconds": (NOW + 30 * DAY) // SECOND, "nanos": NOW % SECOND * 1_000},
        ),
    ),
    row(
        "CreateTask",
        "schedule time is past",
        new_task(OTHER_QUEUE, http_request=HTTP, schedule_time={"seconds": 0}),
    ),
    *(
        row(
            "CreateTask",
            f"{field} is {value}",
            new_task(http_request=HTTP, **{field: value}),
            "INVALID_ARGUMENT",
            f"Invalid value at 'task.{field}' (type.googleapis.com/google.protobuf.{kind}), {reason}",
        )
        for field, kind, value, reason in (
            ("schedule_time", "Timestamp", {"nanos": -1}, "nanos must be between 0 and 999999999"),
            ("schedule_time", "Timestamp", {"nanos": 10**9}, "nanos must be between 0 and 999999999"),
            (
                "schedule_time",
                "Timestamp",
                {"seconds": 253_402_300_800},
                "it must be between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z",
            ),
            (
                "schedule_time",
                "Timestamp",
                {"seconds": -(2**63)},
                "it must be between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z",
            ),
            (
                "dispatch_deadline",
                "Duration",
                {"nanos": 10**9},
                "nanos must be between -999999999 and 999999999",
            ),
            (
                "dispatch_deadline",
                "Duration",
                {"seconds": 60, "nanos": -1},
                "seconds and nanos must have the same sign",
            ),
            (
                "dispatch_deadline",
                "Duration",
                {"seconds": 2**62},
                "seconds must be between -315576000000 and 315576000000",
            ),
        )
    ),
    row(
        "CreateTask",
        "HTTP method is unknown",
        new_http_task(http_method=99),
        "INVALID_ARGUMENT",
        "Invalid value at 'task.http_request.http_method' (type.googleapis.com/google.cloud.tasks.v2.HttpMethod), 99",
    ),
    row(
        "CreateTask",
        "App Engine method is unknown",
        new_app_engine_task(http_method=-1),
        "INVALID_ARGUMENT",
        "Invalid value at 'task.app_engine_http_request.http_method' "
        "(type.googleapis.com/google.cloud.tasks.v2.HttpMethod), -1",
    ),
    row(
        "CreateTask",
        "view is unknown",
        pb.CreateTaskRequest(parent=QUEUE, task={"http_request": HTTP}, response_view=3),
        "INVALID_ARGUMENT",
        "Invalid value at 'response_view' (type.googleapis.com/google.cloud.tasks.v2.Task.View), 3",
    ),
    # GetTask, DeleteTask, RunTask
    *(
        row(rpc, f"{when}", kind(name=name), code, message)
        for rpc, kind in (
            ("GetTask", pb.GetTaskRequest),
            ("DeleteTask", pb.DeleteTaskRequest),
            ("RunTask", pb.RunTaskRequest),
        )
        for when, name, code, message in (
            ("task is there", TAKEN, "OK", ""),
            ("task never was", NO_TASK, "NOT_FOUND", NOT_FOUND),
            ("task was deleted recently", GONE, "NOT_FOUND", TASK_GONE),
        )
    ),
]
