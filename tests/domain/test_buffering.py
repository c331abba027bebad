"""BufferTask: what of a request becomes the task's."""

import pytest

from taskweir.domain.buffering import buffered_request
from taskweir.domain.errors import FailedPrecondition, InvalidArgument
from taskweir.domain.model import (
    EnforceMode,
    HttpMethod,
    HttpRequest,
    HttpTarget,
    Queue,
    QueueType,
    RateLimits,
    RetryConfig,
    Scheme,
    UriOverride,
)
from taskweir.domain.names import QueueName
from taskweir.domain.uri_override import overridden_url

NAME = QueueName("p", "l", "q")
HOST = UriOverride(host="h.example")


def queue(override: UriOverride | None = HOST, **fields: object) -> Queue:
    return Queue(  # type: ignore[arg-type]
        **{
            "name": NAME,
            "rate_limits": RateLimits(1.0, 1, 1),
            "retry_config": RetryConfig(1, 0, 0, 0, 0),
            "http_target": HttpTarget(uri_override=override),
            **fields,
        }
    )


def headers(*given: tuple[str, str]) -> dict[str, str]:
    return dict(buffered_request(queue(), "POST", given, b"").headers)


URLS = [
    (HOST, "https://h.example/"),
    (UriOverride(host="h.example:81"), "https://h.example:81/"),
    (UriOverride(host="h.example:81", port=82), "https://h.example:82/"),
    (UriOverride(host="h.example:81", port=0), "https://h.example/"),
    (UriOverride(host="[::1]", port=82), "https://[::1]:82/"),
    (UriOverride(host="h.example", scheme=Scheme.HTTP), "http://h.example/"),
    (UriOverride(host="h.example", scheme=Scheme.UNSPECIFIED), "https://h.example/"),
    (UriOverride(host="h.example", path="work"), "https://h.example/work"),
    (UriOverride(host="h.example", path="/a/b", query="c=d"), "https://h.example/a/b?c=d"),
    (UriOverride(host="h.example", path=""), "https://h.example"),
]


@pytest.mark.parametrize("mode", list(EnforceMode))
@pytest.mark.parametrize(("override", "url"), URLS)
def test_the_queue_makes_the_url(override: UriOverride, url: str, mode: EnforceMode) -> None:
    """And what the queue does to it at dispatch changes nothing, in any mode."""
    enforced = UriOverride(
        override.scheme, override.host, override.port, override.path, override.query, enforce_mode=mode
    )
    assert buffered_request(queue(enforced), "POST", [], b"").url == url
    assert overridden_url(url, enforced) == url


@pytest.mark.parametrize(
    "unfit",
    [
        queue(http_target=None),
        queue(None),
        queue(UriOverride(scheme=Scheme.HTTP, port=80, path="/")),
    ],
)
def test_a_queue_that_names_no_host_is_refused(unfit: Queue) -> None:
    """There is nowhere to send the task."""
    with pytest.raises(FailedPrecondition, match=r"needs a queue whose HttpTarget\.uriOverride has a host"):
        buffered_request(unfit, "POST", [], b"")


def test_a_pull_queue_is_refused() -> None:
    """Its tasks are no requests."""
    with pytest.raises(FailedPrecondition, match="BufferTask cannot be called on a pull queue"):
        buffered_request(queue(type=QueueType.PULL, http_target=None), "POST", [], b"")


@pytest.mark.parametrize("method", list(HttpMethod))
def test_the_method_becomes_the_tasks(method: HttpMethod) -> None:
    """Each that a task can have."""
    assert buffered_request(queue(), method.name, [], b"") == HttpRequest("https://h.example/", method)


@pytest.mark.parametrize("method", ["BREW", "post", "", "TRACE"])
def test_another_method_is_refused(method: str) -> None:
    """Methods are written in capitals."""
    with pytest.raises(InvalidArgument, match="The HTTP method"):
        buffered_request(queue(), method, [], b"")


def test_headers_become_the_tasks() -> None:
    """In their spelling; several values of a name in one."""
    assert headers(("Content-Type", "text/x"), ("X-Color", "red"), ("x-color", "blue"), ("X-COLOR", "")) == {
        "Content-Type": "text/x",
        "X-Color": "red, blue, ",
    }


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "content-length",
        "Authorization",
        "User-Agent",
        "Connection",
        "Keep-Alive",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Expect",
        "X-Google-Anything",
        "x-goog-request-params",
        "X-CloudTasks-TaskName",
        "X-AppEngine-QueueName",
        "X-HTTP-Method-Override",
    ],
)
def test_headers_of_the_call_and_of_the_service_stay_behind(name: str) -> None:
    """Among them the caller's credential."""
    assert headers((name, "x"), ("X-Color", "red")) == {"X-Color": "red"}


def test_what_a_hop_keeps_for_the_next_stays_behind() -> None:
    """It is named by the Connection header."""
    assert headers(("Connection", "close, X-Hop"), ("x-hop", "1"), ("X-Color", "red")) == {"X-Color": "red"}


def test_a_value_that_is_no_text_is_refused() -> None:
    """It could be neither stored nor shown."""
    with pytest.raises(InvalidArgument, match='The value of header "X-Color" is not UTF-8'):
        headers(("X-Color", b"\xff".decode(errors="surrogateescape")))
