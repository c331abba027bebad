"""Tasks for HTTP targets: the headers they are stored with, and the request of an attempt."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from taskweir.domain.dispatch_headers import dispatch_headers, sendable, without, without_own
from taskweir.domain.limits import DEFAULT_HTTP_DISPATCH_DEADLINE
from taskweir.domain.model import Authorization, HttpMethod, HttpRequest, HttpTarget, OidcToken, Task
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.uri_override import overridden_url

USER_AGENT: Final = "Google-Cloud-Tasks"
METHODS_WITH_BODY: Final = frozenset({HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH})
_NO_OVERRIDES: Final = HttpTarget()
_USER_INFO: Final = re.compile(r"(https?://)[^/?#]*@", re.IGNORECASE)
_RETRY_REASON: Final = ""
"""The header is there on retries, with nothing in it (recorded)."""


def stored_http_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers a created task shows: the caller's, but for those the service makes, and its User-Agent."""
    return {**without_own(headers, "user-agent"), "User-Agent": USER_AGENT}


def http_request(task: Task, payload: HttpRequest, target: HttpTarget | None) -> OutgoingRequest:
    """An attempt's request, with what the queue overrides as it is now; the stored task stays as it is."""
    target = target or _NO_OVERRIDES
    method = target.http_method or payload.http_method
    has_body = method in METHODS_WITH_BODY
    authorization = target.authorization or payload.authorization
    url = overridden_url(payload.url, target.uri_override) if target.uri_override else payload.url
    return OutgoingRequest(
        task=task.name,
        method=method.name,
        url=url,
        headers=_headers(
            task, _own_headers(payload, has_body=has_body), target.header_overrides, authorization
        ),
        body=payload.body if has_body else b"",
        deadline=task.dispatch_deadline or DEFAULT_HTTP_DISPATCH_DEADLINE,
        authorization=_for_target(authorization, url),
    )


def _for_target(authorization: Authorization | None, url: str) -> Authorization | None:
    """An OIDC token without an audience is for the whole URL, as production sees it."""
    if isinstance(authorization, OidcToken) and not authorization.audience:
        return OidcToken(authorization.service_account_email, _without_secrets(url))
    return authorization


def _without_secrets(url: str) -> str:
    """Everybody can read a JWT: no password goes into it, and no fragment, which is for who has the URL alone."""
    url = url.partition("#")[0]
    user = _USER_INFO.match(url)
    return user[1] + url[user.end() :] if user else url


def _own_headers(payload: HttpRequest, *, has_body: bool) -> Iterable[tuple[str, str]]:
    """The task's. When the queue's method takes the body away, what describes the body goes with it (RFC 9110, 15.4)."""
    own = payload.headers.items()
    if has_body or payload.http_method not in METHODS_WITH_BODY:
        return own
    return [(name, value) for name, value in own if not _is_about_the_body(name.lower())]


def _is_about_the_body(lower_name: str) -> bool:
    return lower_name.startswith("content-") or lower_name == "digest"


def _headers(
    task: Task,
    own: Iterable[tuple[str, str]],
    overrides: Iterable[tuple[str, str]],
    authorization: Authorization | None,
) -> list[tuple[str, str]]:
    headers = _overridden(own, overrides)
    if authorization is not None:
        headers = without(headers, "authorization")  # the token takes the place of the caller's own
    return [
        ("User-Agent", USER_AGENT),
        *dispatch_headers("X-CloudTasks-", task, task.execution_count, _RETRY_REASON),
        *[header for header in sendable(headers) if not _is_agent(header[0])],
    ]


@lru_cache(maxsize=256)
def _is_agent(name: str) -> bool:
    """Kept, since tasks have the same few headers again and again."""
    return name.lower() == "user-agent"


def _overridden(
    headers: Iterable[tuple[str, str]], overrides: Iterable[tuple[str, str]]
) -> Iterable[tuple[str, str]]:
    """The headers with the queue's in place of those of the same name, whatever their case; its last one counts."""
    last = {name.lower(): (name, value) for name, value in overrides}
    return [*without(headers, *last), *last.values()] if last else headers
