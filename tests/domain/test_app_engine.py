"""What an App Engine target is sent, where that goes, and what a created task shows."""

from dataclasses import replace

import pytest

from taskweir.domain.app_engine import AppEngine, stored_app_engine_headers
from taskweir.domain.app_engine_host import AppEngineHost
from taskweir.domain.app_engine_services import AppEngineServices
from taskweir.domain.model import (
    AppEngineRequest,
    AppEngineRouting,
    Attempt,
    HttpMethod,
    Queue,
    RateLimits,
    RetryConfig,
    Task,
)
from taskweir.domain.names import QueueName
from taskweir.domain.requests import OutgoingRequest, outgoing_request
from taskweir.domain.times import MINUTE, SECOND

QUEUE = Queue(
    name=QueueName("p", "l", "mail"),
    rate_limits=RateLimits(500, 100, 1000),
    retry_config=RetryConfig(100, 0, 100_000, 3600 * SECOND, 16),
)
APP = AppEngine(AppEngineHost("http", "localhost:8080"))
AGENT = "AppEngine-Google; (+http://code.google.com/appengine)"
ETA = 1_600_000_000_123_456


def begun(
    payload: AppEngineRequest | None = None,
    *,
    number: int = 1,
    answered: int = 0,
    previous: int | None = None,
) -> Task:
    """A task whose attempt of this number has begun."""
    return Task(
        name=QUEUE.name.task("t-1"),
        payload=payload or AppEngineRequest(),
        schedule_time=ETA,
        create_time=ETA,
        dispatch_count=number,
        response_count=answered,
        last_attempt=Attempt(ETA, ETA, previous_response=previous),
    )


def attempt(task: Task, override: AppEngineRouting | None = None, app: AppEngine = APP) -> OutgoingRequest:
    """The request of an attempt of a task in a queue with this routing."""
    return outgoing_request(task, replace(QUEUE, app_engine_routing_override=override), app)


def test_first_attempt_carries_production_s_headers_and_no_others() -> None:
    """The stored headers go out after the service's, but for Content-Length, which the sender makes."""
    headers = stored_app_engine_headers({"X-A": "b"}, b"body")
    assert attempt(begun(AppEngineRequest(headers=headers, body=b"body"))).headers == [
        ("X-AppEngine-QueueName", "mail"),
        ("X-AppEngine-TaskName", "t-1"),
        ("X-AppEngine-TaskRetryCount", "0"),
        ("X-AppEngine-TaskExecutionCount", "0"),
        ("X-AppEngine-TaskETA", "1600000000.123456"),
        ("X-A", "b"),
        ("User-Agent", AGENT),
        ("Content-Type", "application/octet-stream"),
    ]


@pytest.mark.parametrize(
    ("number", "answered", "previous", "reason"),
    [(2, 1, 503, "App Error"), (3, 2, 404, "App Error"), (2, 0, 0, "Instance Unavailable")],
)
def test_retries_count_every_response_and_tell_why(
    number: int, answered: int, previous: int, reason: str
) -> None:
    """5xx answers count here; a timed-out attempt is told as 0 and does not count."""
    headers = dict(attempt(begun(number=number, answered=answered, previous=previous)).headers)
    assert headers["X-AppEngine-TaskRetryCount"] == str(number - 1)
    assert headers["X-AppEngine-TaskExecutionCount"] == str(answered)
    assert headers["X-AppEngine-TaskPreviousResponse"] == str(previous)
    assert headers["X-AppEngine-TaskRetryReason"] == reason


@pytest.mark.parametrize(
    ("given", "body", "stored"),
    [
        ({}, b"", {"User-Agent": AGENT}),
        (
            {},
            b"abc",
            {"User-Agent": AGENT, "Content-Length": "3", "Content-Type": "application/octet-stream"},
        ),
        (
            {"content-type": "text/plain"},
            b"abc",
            {"content-type": "text/plain", "User-Agent": AGENT, "Content-Length": "3"},
        ),
        ({"user-agent": "mine/1"}, b"", {"User-Agent": f"mine/1 {AGENT}"}),
        (
            {"Host": "x", "Content-Length": "9", "X-Google-A": "x", "X-AppEngine-QueueName": "x", "X-B": "y"},
            b"",
            {"X-B": "y", "User-Agent": AGENT},
        ),
        (
            {"X_AppEngine_QueueName": "x", "x_appengine-TaskName": "x", "X-B": "y"},
            b"",
            {"X-B": "y", "User-Agent": AGENT},
        ),
    ],
)
def test_stored_headers_are_the_caller_s_and_what_the_service_adds(
    given: dict[str, str], body: bytes, stored: dict[str, str]
) -> None:
    """What a created task shows."""
    assert stored_app_engine_headers(given, body) == stored


@pytest.mark.parametrize(
    ("routing", "override", "host"),
    [
        (AppEngineRouting(), None, "localhost:8080"),
        (AppEngineRouting(service="s"), None, "s.localhost:8080"),
        (AppEngineRouting("s", "v"), None, "v.s.localhost:8080"),
        (AppEngineRouting("s", "v", "i"), None, "i.v.s.localhost:8080"),
        (AppEngineRouting(version="v"), None, "v.localhost:8080"),
        (AppEngineRouting("s", "v"), AppEngineRouting(service="q"), "q.localhost:8080"),
        (AppEngineRouting("s", "v"), AppEngineRouting(), "localhost:8080"),
    ],
)
def test_routing_becomes_labels_in_host_and_the_connection_goes_to_the_app(
    routing: AppEngineRouting, override: AppEngineRouting | None, host: str
) -> None:
    """The queue's routing replaces the task's whole."""
    request = attempt(begun(AppEngineRequest("/work?a=b", routing=routing)), override)
    assert request.url == "http://localhost:8080/work?a=b"
    assert request.host == host


def test_labels_are_joined_by_dot_words_over_tls() -> None:
    """A certificate for *.appspot.com covers one label."""
    app = AppEngine(AppEngineHost("https", "p.appspot.com"))
    request = attempt(begun(AppEngineRequest(routing=AppEngineRouting("s", "v"))), app=app)
    assert (request.url, request.host) == ("https://p.appspot.com/", "v-dot-s-dot-p.appspot.com")


WORKER = AppEngineServices.parse(["worker=http://127.0.0.1:8081"])


@pytest.mark.parametrize("host", [AppEngineHost(), AppEngineHost("http", "localhost:8080")])
def test_a_service_with_an_address_of_its_own_gets_production_s_host_there(host: AppEngineHost) -> None:
    """Whether or not there is an address for the others; the queue's routing before the task's."""
    app = AppEngine(host, WORKER)
    worker = AppEngineRouting("worker", "v2", host="v2.worker.p.appspot.com")
    other = AppEngineRouting("other", host="other.p.appspot.com")
    task = begun(AppEngineRequest("/work?a=b", routing=worker))
    for request in (attempt(task, app=app), attempt(begun(AppEngineRequest("/work?a=b")), worker, app)):
        assert (request.url, request.host) == ("http://127.0.0.1:8081/work?a=b", "v2.worker.p.appspot.com")
        assert request.unsendable == ""
    elsewhere = attempt(task, other, app)
    assert bool(elsewhere.unsendable) == (not host.authority)
    assert "8081" not in elsewhere.url


@pytest.mark.parametrize(
    ("routing", "service"), [(AppEngineRouting(), "default"), (AppEngineRouting("other", "v"), "other")]
)
def test_an_attempt_that_has_nowhere_to_go_says_what_to_set(routing: AppEngineRouting, service: str) -> None:
    """A local server does not send its tasks to a live application."""
    assert attempt(begun(), routing, AppEngine(services=WORKER)).unsendable == (
        f"nothing says where the App Engine service {service} listens: set --app-engine {service}=URL, "
        "or --app-engine-host (APP_ENGINE_EMULATOR_HOST) for all services"
    )
    assert attempt(begun(), routing).unsendable == ""


@pytest.mark.parametrize(
    ("method", "body"), [(HttpMethod.POST, b"x"), (HttpMethod.PUT, b"x"), (HttpMethod.GET, b"")]
)
def test_only_post_and_put_have_a_body(method: HttpMethod, body: bytes) -> None:
    """AppEngineHttpRequest.body."""
    request = attempt(begun(AppEngineRequest(http_method=method, body=b"x")))
    assert (request.method, request.body) == (method.name, body)


def test_deadline_is_the_task_s_or_that_of_automatic_scaling() -> None:
    """In microseconds."""
    assert attempt(begun()).deadline == 10 * MINUTE
    assert attempt(replace(begun(), dispatch_deadline=15 * SECOND)).deadline == 15 * SECOND
