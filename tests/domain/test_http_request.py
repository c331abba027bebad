"""What an HTTP target is sent: headers, the queue's overrides, and what a created task shows."""

from dataclasses import replace

import pytest

from taskweir.domain.http_request import stored_http_headers
from taskweir.domain.model import (
    Attempt,
    EnforceMode,
    HttpMethod,
    HttpRequest,
    HttpTarget,
    OAuthToken,
    OidcToken,
    PullMessage,
    Queue,
    RateLimits,
    RetryConfig,
    Scheme,
    Task,
    UriOverride,
)
from taskweir.domain.names import QueueName
from taskweir.domain.requests import AppEngine, OutgoingRequest, outgoing_request
from taskweir.domain.times import MINUTE, SECOND

QUEUE = Queue(
    name=QueueName("p", "l", "mail"),
    rate_limits=RateLimits(500, 100, 1000),
    retry_config=RetryConfig(100, 0, 100_000, 3600 * SECOND, 16),
)
ETA = 1_600_000_000_000_042
TOKEN = OidcToken("a@b.iam.gserviceaccount.com")


def attempt(task: Task, target: HttpTarget | None = None) -> OutgoingRequest:
    """The request of an attempt of a task in a queue with this target."""
    return outgoing_request(task, replace(QUEUE, http_target=target), AppEngine())


def begun(payload: HttpRequest, *, number: int = 1, executed: int = 0, previous: int | None = None) -> Task:
    """A task whose attempt of this number has begun."""
    return Task(
        name=QUEUE.name.task("t-1"),
        payload=payload,
        schedule_time=ETA,
        create_time=ETA,
        dispatch_count=number,
        execution_count=executed,
        last_attempt=Attempt(ETA, ETA, previous_response=previous),
    )


def headers_of(payload: HttpRequest, target: HttpTarget | None = None) -> dict[str, str]:
    """The caller's headers as they go out, without the service's own."""
    headers = dict(attempt(begun(payload), target).headers)
    return {k: v for k, v in headers.items() if not k.startswith("X-CloudTasks-") and k != "User-Agent"}


def test_first_attempt_carries_production_s_headers_and_no_others() -> None:
    """The table of what a target receives, first column."""
    assert attempt(begun(HttpRequest("http://t/"))).headers == [
        ("User-Agent", "Google-Cloud-Tasks"),
        ("X-CloudTasks-QueueName", "mail"),
        ("X-CloudTasks-TaskName", "t-1"),
        ("X-CloudTasks-TaskRetryCount", "0"),
        ("X-CloudTasks-TaskExecutionCount", "0"),
        ("X-CloudTasks-TaskETA", "1600000000.000042"),
    ]


@pytest.mark.parametrize(("number", "executed", "previous"), [(2, 0, 503), (3, 1, 404), (2, 0, 504)])
def test_retries_tell_the_previous_response_and_an_empty_reason(
    number: int, executed: int, previous: int
) -> None:
    """The table's second and third column, and a timed-out attempt's 504."""
    headers = dict(
        attempt(begun(HttpRequest("http://t/"), number=number, executed=executed, previous=previous)).headers
    )
    assert headers["X-CloudTasks-TaskRetryCount"] == str(number - 1)
    assert headers["X-CloudTasks-TaskExecutionCount"] == str(executed)
    assert headers["X-CloudTasks-TaskPreviousResponse"] == str(previous)
    assert headers["X-CloudTasks-TaskRetryReason"] == ""


def test_an_attempt_beside_one_still_in_flight_tells_no_previous_response() -> None:
    """RunTask may start a second attempt before the first has been answered."""
    names = [name for name, _ in attempt(begun(HttpRequest("http://t/"), number=2)).headers]
    assert "X-CloudTasks-TaskPreviousResponse" not in names
    assert "X-CloudTasks-TaskRetryReason" not in names


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "content-length",
        "USER-AGENT",
        "X-Google-A",
        "x-appengine-b",
        "X-CloudTasks-TaskName",
        "X_CloudTasks_TaskName",
        "x_cloudtasks-queuename",
        "X-AppEngine_QueueName",
        "Content_Length",
    ],
)
def test_headers_the_service_makes_are_ignored_from_callers_and_queues(name: str) -> None:
    """They are dropped when stored, and again at dispatch wherever they came from; also what a WSGI server would take
    for them."""
    assert stored_http_headers({name: "x", "X-Kept": "y"}) == {
        "X-Kept": "y",
        "User-Agent": "Google-Cloud-Tasks",
    }
    assert headers_of(HttpRequest("http://t/", headers={name: "x"})) == {}
    assert headers_of(HttpRequest("http://t/"), HttpTarget(header_overrides=((name, "x"),))) == {}
    values = [value for _, value in attempt(begun(HttpRequest("http://t/", headers={name: "x"}))).headers]
    assert "x" not in values


@pytest.mark.parametrize(
    "name", ["Transfer-Encoding", "connection", "Expect", "TE", "Upgrade", "Trailer", "Keep-Alive"]
)
def test_headers_of_the_connection_stay_with_the_task_and_are_not_sent(name: str) -> None:
    """They would change how the body is framed."""
    assert name in stored_http_headers({name: "x"})
    assert headers_of(HttpRequest("http://t/", headers={name: "x"})) == {}


def test_stored_headers_keep_their_spelling_and_get_no_content_type() -> None:
    """What a created task shows."""
    assert stored_http_headers({"x-ODD-case": "1"}) == {"x-ODD-case": "1", "User-Agent": "Google-Cloud-Tasks"}


def test_queue_headers_replace_the_task_s_of_the_same_name_in_any_case() -> None:
    """The queue's spelling and value go out, the last of a repeated one."""
    task = HttpRequest("http://t/", headers={"x-a": "task", "X-B": "task"})
    target = HttpTarget(header_overrides=(("X-A", "one"), ("X-a", "two"), ("X-C", "queue")))
    assert headers_of(task, target) == {"X-B": "task", "X-a": "two", "X-C": "queue"}


def test_a_token_takes_the_place_of_the_caller_s_authorization() -> None:
    """The queue's token before the task's; without any the caller's own header goes out."""
    headers = {"authorization": "mine"}
    assert headers_of(HttpRequest("http://t/", headers=headers)) == headers
    assert headers_of(HttpRequest("http://t/", headers=headers, authorization=TOKEN)) == {}
    other = OidcToken("other@b", "aud")
    with_both = attempt(begun(HttpRequest("http://t/", authorization=TOKEN)), HttpTarget(authorization=other))
    assert with_both.authorization == other


@pytest.mark.parametrize(
    ("override", "audience"),
    [
        (None, "https://T.example:443/a?b=c"),
        (UriOverride(host="q.example", port=81, query=""), "https://q.example:81/a"),
        (
            UriOverride(host="q.example", enforce_mode=EnforceMode.IF_NOT_EXISTS),
            "https://T.example:443/a?b=c",
        ),
    ],
)
def test_a_token_s_audience_is_the_whole_url_that_the_queue_makes(
    override: UriOverride | None, audience: str
) -> None:
    """The task's own, as it is written, where the queue has nothing to say; a given audience stays."""
    url, target = "https://T.example:443/a?b=c#d", HttpTarget(uri_override=override)
    for token in (OidcToken("a@b"), OidcToken("a@b", "given")):
        of_task = attempt(begun(HttpRequest(url, authorization=token)), target)
        of_queue = attempt(begun(HttpRequest(url)), replace(target, authorization=token))
        wanted = OidcToken("a@b", token.audience or audience)
        assert of_task.authorization == of_queue.authorization == wanted


@pytest.mark.parametrize(
    ("url", "audience"),
    [
        ("https://user:secret@t.example/a", "https://t.example/a"),
        ("HTTP://user@x@t.example?a@b", "HTTP://t.example?a@b"),
        ("https://t.example/@a://b@c?d=http://e@f#g", "https://t.example/@a://b@c?d=http://e@f"),
        ("https://t.example/#", "https://t.example/"),
        ("https://t.example#@b", "https://t.example"),
    ],
)
def test_no_secret_of_the_url_is_in_a_token(url: str, audience: str) -> None:
    """Whoever gets the token can read it."""
    sent = attempt(begun(HttpRequest(url, authorization=OidcToken("a@b"))))
    assert sent.authorization == OidcToken("a@b", audience)
    assert sent.url == url


def test_an_access_token_is_for_no_url() -> None:
    """It goes as it was asked for."""
    token = OAuthToken("a@b", "scope")
    assert attempt(begun(HttpRequest("https://t/", authorization=token))).authorization == token


@pytest.mark.parametrize(
    ("own", "override", "method", "body"),
    [
        (HttpMethod.POST, None, "POST", b"x"),
        (HttpMethod.POST, HttpMethod.PUT, "PUT", b"x"),
        (HttpMethod.POST, HttpMethod.PATCH, "PATCH", b"x"),
        (HttpMethod.POST, HttpMethod.GET, "GET", b""),
        (HttpMethod.POST, HttpMethod.DELETE, "DELETE", b""),
        (HttpMethod.PUT, HttpMethod.OPTIONS, "OPTIONS", b""),
        (HttpMethod.PUT, HttpMethod.HEAD, "HEAD", b""),
    ],
)
def test_queue_method_replaces_the_task_s_and_drops_a_body_it_cannot_have(
    own: HttpMethod, override: HttpMethod | None, method: str, body: bytes
) -> None:
    """HttpTarget.http_method."""
    request = attempt(
        begun(HttpRequest("http://t/", http_method=own, body=b"x")), HttpTarget(http_method=override)
    )
    assert (request.method, request.body) == (method, body)


OF_THE_BODY = {"Content-Type": "text/plain", "content-encoding": "gzip", "Digest": "x"}


@pytest.mark.parametrize(
    ("own", "override", "sent"),
    [
        (HttpMethod.POST, HttpMethod.GET, False),
        (HttpMethod.PUT, HttpMethod.DELETE, False),
        (HttpMethod.POST, HttpMethod.PUT, True),
        (HttpMethod.POST, None, True),
        (HttpMethod.GET, None, True),
        (HttpMethod.GET, HttpMethod.HEAD, True),
    ],
)
def test_what_describes_a_body_goes_with_it(own: HttpMethod, override: HttpMethod | None, sent: bool) -> None:
    """When the queue's method takes it away. What a caller gave to a request without one stays, and so does what the
    queue itself sets."""
    task = HttpRequest("http://t/", http_method=own, headers={**OF_THE_BODY, "X-A": "b"})
    assert headers_of(task, HttpTarget(http_method=override)) == {**(OF_THE_BODY if sent else {}), "X-A": "b"}
    queue = HttpTarget(http_method=override, header_overrides=(("Content-Type", "a/b"),))
    assert headers_of(task, queue)["Content-Type"] == "a/b"


IF_NOT_EXISTS = EnforceMode.IF_NOT_EXISTS
URL = "http://u:p@task:8080/a?b=c#d"


@pytest.mark.parametrize(
    ("url", "override", "expected"),
    [
        (URL, UriOverride(), "http://u:p@task:8080/a?b=c"),
        (URL, UriOverride(scheme=Scheme.HTTPS), "https://u:p@task:8080/a?b=c"),
        (URL, UriOverride(scheme=Scheme.UNSPECIFIED), "https://u:p@task:8080/a?b=c"),
        ("https://t/", UriOverride(scheme=Scheme.HTTP), "http://t/"),
        (URL, UriOverride(host="queue"), "http://queue:8080/a?b=c"),
        (URL, UriOverride(host="task", path="/x"), "http://u:p@task:8080/x?b=c"),
        (URL, UriOverride(host="queue:9"), "http://queue:9/a?b=c"),
        (URL, UriOverride(host="queue:9", port=10), "http://queue:10/a?b=c"),
        (URL, UriOverride(host="[::1]:9"), "http://[::1]:9/a?b=c"),
        ("http://[::1]/", UriOverride(port=81), "http://[::1]:81/"),
        (URL, UriOverride(port=0), "http://u:p@task/a?b=c"),
        (URL, UriOverride(port=9), "http://u:p@task:9/a?b=c"),
        (URL, UriOverride(path="/x/y"), "http://u:p@task:8080/x/y?b=c"),
        (URL, UriOverride(path="x"), "http://u:p@task:8080/x?b=c"),
        (URL, UriOverride(path="/x?y#z"), "http://u:p@task:8080/x%3Fy%23z?b=c"),
        (URL, UriOverride(path=""), "http://u:p@task:8080?b=c"),
        (URL, UriOverride(query="q=1&r=#"), "http://u:p@task:8080/a?q=1&r=%23"),
        (URL, UriOverride(query="?q=1"), "http://u:p@task:8080/a?q=1"),
        (URL, UriOverride(query=""), "http://u:p@task:8080/a"),
        (URL, UriOverride(query="q", enforce_mode=EnforceMode.ALWAYS), "http://u:p@task:8080/a?q"),
        (
            URL,
            UriOverride(Scheme.HTTPS, "queue", 9, "/x", "q", IF_NOT_EXISTS),
            "http://u:p@task:8080/a?b=c",
        ),
        ("http://t", UriOverride(Scheme.HTTPS, "queue", 9, "/x", "q", IF_NOT_EXISTS), "http://t:9/x?q"),
        ("http://t/", UriOverride(path="/x", enforce_mode=IF_NOT_EXISTS), "http://t/"),
        ("http://t/", UriOverride(host="queue:9", enforce_mode=IF_NOT_EXISTS), "http://t/"),
        ("http:///a", UriOverride(host="queue:9", enforce_mode=IF_NOT_EXISTS), "http://queue:9/a"),
        ("http://t:8/", UriOverride(port=0, query="", enforce_mode=IF_NOT_EXISTS), "http://t:8/"),
        ("", UriOverride(Scheme.HTTPS, "queue", 9, "/x", "q", IF_NOT_EXISTS), "https://queue:9/x?q"),
        ("", UriOverride(Scheme.HTTP, "queue"), "http://queue"),
    ],
)
def test_uri_override_replaces_each_named_part_of_the_url(
    url: str, override: UriOverride, expected: str
) -> None:
    """HttpTarget.uri_override: every part, absent, set and cleared, in both modes."""
    assert attempt(begun(HttpRequest(url)), HttpTarget(uri_override=override)).url == expected


def test_url_without_override_goes_out_as_it_was_given() -> None:
    """Nothing is parsed, so nothing is lost."""
    url = "http://t/%zz?q#frag"
    assert attempt(begun(HttpRequest(url))).url == url
    assert attempt(begun(HttpRequest(url))).host == ""


def test_deadline_is_the_task_s_or_ten_minutes() -> None:
    """In microseconds."""
    task = begun(HttpRequest("http://t/"))
    assert attempt(task).deadline == 10 * MINUTE
    assert attempt(replace(task, dispatch_deadline=15 * SECOND)).deadline == 15 * SECOND


def test_a_pull_task_has_no_request() -> None:
    """Dispatching one would be our own mistake."""
    with pytest.raises(TypeError):
        attempt(replace(begun(HttpRequest("http://t/")), payload=PullMessage()))
