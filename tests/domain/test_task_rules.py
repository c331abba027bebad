"""New tasks. The refusals that production was recorded with stand in the table of answers of the API."""

import pytest

from taskweir.domain.drafts import TaskDraft
from taskweir.domain.errors import InvalidArgument, NotFound, Refusal
from taskweir.domain.model import (
    AppEngineRequest,
    AppEngineRouting,
    HttpMethod,
    HttpRequest,
    OAuthToken,
    OidcToken,
    Payload,
    PullMessage,
    QueueType,
    RetryConfig,
    Task,
)
from taskweir.domain.names import QueueName
from taskweir.domain.task_rules import check_fits, check_size, may_be_too_large, new_task
from taskweir.domain.times import DAY, HOUR, MINUTE, SECOND

NAME = QueueName("p", "l", "q").task("t")
NOW = 1_700_000_000 * SECOND
URL = "http://h/"


def task(payload: Payload | None, *, strict: bool = False, **over: object) -> Task:
    return new_task(NAME, TaskDraft(payload=payload, **over), NOW, strict=strict)  # type: ignore[arg-type]


def test_an_http_task_has_its_defaults_written_out() -> None:
    """Due now, ten minutes to answer, the service's User-Agent, no Content-Type."""
    made = task(HttpRequest(URL, headers={"x-Mixed-Case": "1"}))
    assert made.schedule_time == made.create_time == NOW
    assert made.dispatch_deadline == 10 * MINUTE
    assert isinstance(made.payload, HttpRequest)
    assert made.payload.headers == {"x-Mixed-Case": "1", "User-Agent": "Google-Cloud-Tasks"}


def test_an_app_engine_task_has_its_defaults_written_out() -> None:
    """A path, a host, no deadline."""
    made = task(AppEngineRequest("", routing=AppEngineRouting("worker")))
    assert made.dispatch_deadline is None
    assert isinstance(made.payload, AppEngineRequest)
    assert made.payload.relative_uri == "/"
    assert made.payload.routing.host == "worker.p.appspot.com"


@pytest.mark.parametrize(("given", "kept"), [(None, NOW), (0, NOW), (NOW - 1, NOW), (NOW + 1, NOW + 1)])
def test_a_schedule_time_in_the_past_is_now(given: int | None, kept: int) -> None:
    """As is none at all."""
    assert task(HttpRequest(URL), schedule_time=given).schedule_time == kept


def test_a_task_may_be_scheduled_thirty_days_ahead() -> None:
    """To the microsecond."""
    assert task(HttpRequest(URL), schedule_time=NOW + 30 * DAY).schedule_time == NOW + 30 * DAY
    with pytest.raises(InvalidArgument, match="no more than 720h"):
        task(HttpRequest(URL), schedule_time=NOW + 30 * DAY + 1)


@pytest.mark.parametrize(
    ("payload", "deadline", "legal"),
    [
        (HttpRequest(URL), 15 * SECOND, True),
        (HttpRequest(URL), 15 * SECOND - 1, False),
        (HttpRequest(URL), 30 * MINUTE, True),
        (HttpRequest(URL), 30 * MINUTE + 1, False),
        (HttpRequest(URL), -SECOND, False),
        (AppEngineRequest(), 24 * HOUR + 15 * SECOND, True),
        (AppEngineRequest(), 24 * HOUR + 15 * SECOND + 1, False),
    ],
)
def test_dispatch_deadlines_have_bounds(payload: Payload, deadline: int, legal: bool) -> None:
    """Those of the target's kind."""
    if legal:
        assert task(payload, dispatch_deadline=deadline).dispatch_deadline == deadline
    else:
        with pytest.raises(InvalidArgument, match=r"Task\.dispatchDeadline must be between"):
            task(payload, dispatch_deadline=deadline)


def test_a_deadline_is_cut_to_milliseconds() -> None:
    """As documented."""
    assert (
        task(HttpRequest(URL), dispatch_deadline=20 * SECOND + 1_999).dispatch_deadline == 20 * SECOND + 1_000
    )


def test_a_tasks_own_retry_config_has_its_defaults_written_out() -> None:
    """It replaces the queue's, so it has to be whole."""
    made = task(HttpRequest(URL), retry_config=RetryConfig(3, 0, 0, 0, 0))
    assert made.retry_config == RetryConfig(3, 0, SECOND // 10, HOUR, 16)


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (None, "Task.payload_type is not set."),
        (PullMessage(tag="t" * 501), "at most 500 characters"),
        (PullMessage(b"x" * (1 << 20), "t"), "Task size too large"),
        (PullMessage(b"x" * ((1 << 20) - 1), "é"), "Task size too large"),
        (HttpRequest("http://" + "h" * 2_077), "at most 2083"),
        (HttpRequest("ftp://h/"), "must start with 'http://' or 'https://'"),
        (HttpRequest(URL, HttpMethod.GET, body=b"x"), "body"),
        (HttpRequest(URL, HttpMethod.DELETE, body=b"x"), "body"),
        (HttpRequest(URL, headers={"a b": "c"}), "invalid header name"),
        (HttpRequest(URL, headers={"": "c"}), "invalid header name"),
        (HttpRequest(URL, headers={"A": "c\nd"}), "invalid value"),
        (HttpRequest(URL, headers={"A": "c" * 81_919}), "80 KB"),
        (HttpRequest(URL, authorization=OidcToken("")), "serviceAccountEmail"),
        (
            HttpRequest(URL, authorization=OidcToken("a" * 2_084)),
            "OidcToken.serviceAccountEmail must be at most 2083",
        ),
        (
            HttpRequest(URL, authorization=OidcToken("a", "a" * 2_084)),
            "OidcToken.audience must be at most 2083",
        ),
        (
            HttpRequest(URL, authorization=OAuthToken("a" * 2_084)),
            "OAuthToken.serviceAccountEmail must be at most",
        ),
        (
            HttpRequest(URL, authorization=OAuthToken("a", "a" * 2_084)),
            "OAuthToken.scope must be at most 2083",
        ),
        (AppEngineRequest("no-slash"), "start with '/'"),
        (AppEngineRequest("/a b"), "spaces"),
        (AppEngineRequest("/" + "a" * 2_083), "at most 2083"),
        (AppEngineRequest(http_method=HttpMethod.PATCH, body=b"x"), "body"),
    ],
)
def test_a_bad_payload_is_refused(payload: Payload | None, text: str) -> None:
    """With what is wrong about it."""
    with pytest.raises(InvalidArgument) as refusal:
        task(payload)
    assert text in refusal.value.message


@pytest.mark.parametrize(
    ("url", "account", "refused_with"),
    [
        ("http://h/", "a@p.iam.gserviceaccount.com", InvalidArgument),
        ("https://h/", "somebody@example.com", NotFound),
        ("https://h/", "a@p.iam.gserviceaccount.com", None),
    ],
)
def test_strict_mode_asks_of_tokens_what_production_does(
    url: str, account: str, refused_with: type[Refusal] | None
) -> None:
    """Without it all of them are taken."""
    request = HttpRequest(url, authorization=OidcToken(account))
    task(request)
    if refused_with is None:
        task(request, strict=True)
    else:
        with pytest.raises(refused_with):
            task(request, strict=True)


def test_a_task_may_serialize_to_the_measured_size_and_no_more() -> None:
    """2^20 - 7 bytes; only a task that is near it needs to be serialized to know."""
    check_size(1_048_569)
    with pytest.raises(InvalidArgument, match="Task size too large"):
        check_size(1_048_570)
    assert not may_be_too_large(task(HttpRequest(URL, body=b"x" * 500_000)))
    assert may_be_too_large(task(HttpRequest(URL, body=b"x" * 1_000_000)))


@pytest.mark.parametrize(
    "payload",
    [
        HttpRequest(URL, authorization=OidcToken("a@b", "a" * 600_000)),
        HttpRequest(URL, authorization=OidcToken("a" * 600_000)),
        HttpRequest(URL, headers={f"h{n}": "" for n in range(60_000)}),
    ],
)
def test_what_is_large_beside_the_body_counts_for_the_size(payload: HttpRequest) -> None:
    """Tokens and many small headers as well."""
    named = Task(NAME, payload, NOW, NOW)
    assert may_be_too_large(named)


def test_a_header_has_one_value_whatever_its_case() -> None:
    """The last one counts."""
    made = task(HttpRequest(URL, headers={"X-A": "1", "x-a": "2"})).payload
    assert isinstance(made, HttpRequest)
    assert made.headers == {"x-a": "2", "User-Agent": "Google-Cloud-Tasks"}


def test_a_pull_task_has_no_deadline() -> None:
    """Whatever was asked for: its workers take the time that they lease it for."""
    made = task(PullMessage(b"x", "t" * 500), dispatch_deadline=1, schedule_time=NOW + 1)
    assert made.payload == PullMessage(b"x", "t" * 500)
    assert made.dispatch_deadline is None
    assert made.schedule_time == NOW + 1


@pytest.mark.parametrize(("given", "most"), [(0, -1), (-1, -1), (7, 7)])
def test_of_the_retries_of_a_pull_task_the_number_of_leases_alone_can_be_set(given: int, most: int) -> None:
    """As of a pull queue: without limit by default; for the rest there is nobody to wait."""
    made = task(PullMessage(), retry_config=RetryConfig(given, 5 * SECOND, SECOND, 2 * SECOND, 3))
    assert made.retry_config == RetryConfig(most, 0, 0, 0, 0)
    with pytest.raises(InvalidArgument, match="maxAttempts"):
        task(PullMessage(), retry_config=RetryConfig(-2, 0, 0, 0, 0))


def test_a_pull_task_may_have_a_mebibyte() -> None:
    """Payload and tag together; that was looked at, so it is not serialized to know."""
    largest = task(PullMessage(b"x" * ((1 << 20) - 2), "é"))
    assert not may_be_too_large(largest)


@pytest.mark.parametrize("payload", [HttpRequest(URL), AppEngineRequest(), PullMessage()])
@pytest.mark.parametrize("queue_type", QueueType)
def test_a_task_fits_queues_of_its_kind(payload: Payload, queue_type: QueueType) -> None:
    """And no others."""
    if isinstance(payload, PullMessage) == (queue_type is QueueType.PULL):
        check_fits(payload, queue_type)
    else:
        with pytest.raises(InvalidArgument, match=r"^Task\.pull_message (can only|must) be set for"):
            check_fits(payload, queue_type)
