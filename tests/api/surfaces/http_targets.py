"""Queue-level HTTP targets: what they make of a task's request, what an update makes of them, what is refused.

In v2's terms and JSON's forms. PORT stands for the handler's port.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.api.surfaces.dialect import Document

_HERE: Final = {"scheme": "HTTP", "host": "127.0.0.1", "port": "PORT"}
_HEADERS: Final = {"Content-Type": "text/plain", "content-encoding": "identity", "X-Own": "1"}
AFAR: Final = "https://user:secret@nowhere.invalid:1/own?a=b"


def uri(**parts: Any) -> Document:
    """A URI override; path and query are given as their texts."""
    wrapped = {"path": ("path_override", "path"), "query": ("query_override", "query_params")}
    made: Document = {}
    for name, part in parts.items():
        outer, inner = wrapped.get(name, (name, ""))
        made[outer] = ({inner: part} if part else {}) if inner else part
    return {"uri_override": made}


def header(key: str, value: str) -> Document:
    return {"header": {"key": key, "value": value} if value else {"key": key}}


def overrides(*headers: tuple[str, str]) -> Document:
    return {"header_overrides": [header(key, value) for key, value in headers]}


@dataclass(frozen=True)
class Sent:
    """A queue's target, the request of a task in it, and the request that goes out: without what every one has, which
    is User-Agent, X-CloudTasks-…, Host (that of `line`'s handler) and Content-Length."""

    what: str
    target: Mapping[str, Any]
    line: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    url: str = "http://127.0.0.1:PORT/own?a=b"
    request: Mapping[str, Any] = field(default_factory=dict)
    host: str = "127.0.0.1:PORT"


_WITH_BODY: Final = {"body": "aGVsbG8=", "headers": _HEADERS}
_IF_NOT_EXISTS: Final = {"uri_override_enforce_mode": "IF_NOT_EXISTS"}

SENT: Final = (
    Sent("nothing is overridden", {}, "POST /own?a=b"),
    Sent("an empty URI override", uri(), "POST /own?a=b"),
    Sent("the whole place", uri(**_HERE), "POST /own?a=b", url=AFAR),
    Sent(
        "the whole URL",
        uri(**_HERE, path="/its", query="q=1", uri_override_enforce_mode="ALWAYS"),
        "POST /its?q=1",
        url=AFAR,
    ),
    Sent("the scheme", uri(scheme="HTTP"), "POST /own?a=b", url="https://127.0.0.1:PORT/own?a=b"),
    Sent(
        "the host, which loses the task's credentials",
        uri(scheme="HTTP", host="127.0.0.1"),
        "POST /own?a=b",
        url="https://user:secret@nowhere.invalid:PORT/own?a=b",
    ),
    Sent("a host with its port", uri(host="127.0.0.1:PORT"), "POST /own", url="http://nowhere.invalid:1/own"),
    Sent(
        "a port before that in the host",
        uri(host="127.0.0.1:1", port="PORT"),
        "POST /own",
        url="http://nowhere.invalid/own",
    ),
    Sent("the port", uri(port="PORT"), "POST /own", url="http://127.0.0.1:1/own"),
    Sent("the path", uri(path="/its/own"), "POST /its/own?a=b"),
    Sent("a path without its slash", uri(path="its"), "POST /its?a=b"),
    Sent("a path with odd characters", uri(path="/a b?c#d"), "POST /a%20b%3Fc%23d?a=b"),
    Sent("an empty path clears the task's", uri(path=""), "POST /?a=b"),
    Sent("the query", uri(query="q=1&r=2"), "POST /own?q=1&r=2"),
    Sent("an empty query clears the task's", uri(query=""), "POST /own"),
    Sent(
        "only what the task lacks, which is nothing",
        uri(scheme="HTTPS", host="nowhere.invalid:1", port="1", path="/its", query="q", **_IF_NOT_EXISTS),
        "POST /own?a=b",
    ),
    Sent(
        "only what the task lacks",
        uri(port="PORT", path="/its", query="q=1", **_IF_NOT_EXISTS),
        "POST /its?q=1",
        url="http://127.0.0.1",
    ),
    Sent(
        "a mode that is not specified is ALWAYS",
        uri(path="/its", uri_override_enforce_mode="URI_OVERRIDE_ENFORCE_MODE_UNSPECIFIED"),
        "POST /its?a=b",
    ),
    Sent(
        "a method with a body",
        {"http_method": "PUT"},
        "PUT /own?a=b",
        _HEADERS,
        b"hello",
        request=_WITH_BODY,
    ),
    *(
        Sent(
            f"{method}, which has no body, nor what belongs to one",
            {"http_method": method},
            f"{method} /own?a=b",
            {"X-Own": "1"},
            request=_WITH_BODY,
        )
        for method in ("GET", "HEAD", "DELETE", "OPTIONS")
    ),
    Sent(
        "a method for a task without a body",
        {"http_method": "POST"},
        "POST /own?a=b",
        request={"http_method": "GET"},
    ),
    Sent(
        "headers, by name in any case, the last of a repeated one",
        overrides(("x-OWN", "2"), ("X-More", "3"), ("x-more", "4"), ("X-Empty", "")),
        "POST /own?a=b",
        {
            "Content-Type": "text/plain",
            "content-encoding": "identity",
            "x-OWN": "2",
            "x-more": "4",
            "X-Empty": "",
        },
        b"hello",
        request=_WITH_BODY,
    ),
    Sent(
        "headers that the service makes",
        overrides(
            ("Host", "nowhere.invalid"),
            ("content-length", "99"),
            ("User-Agent", "mine"),
            ("X-CloudTasks-TaskName", "x"),
            ("x-google-a", "x"),
            ("X-AppEngine-B", "x"),
            ("Connection", "close"),
            ("Transfer-Encoding", "chunked"),
            ("X-Kept", "y"),
        ),
        "POST /own?a=b",
        {"X-Kept": "y"},
    ),
    Sent(
        "everything at once",
        {
            **uri(**_HERE, path="/its", query="q"),
            "http_method": "PATCH",
            **overrides(("Content-Type", "a/b"), ("Authorization", "its")),
        },
        "PATCH /its?q",
        {"content-encoding": "identity", "X-Own": "1", "Content-Type": "a/b", "Authorization": "its"},
        b"hello",
        url=AFAR,
        request=_WITH_BODY,
    ),
)

OIDC: Final = {"service_account_email": "me@p.iam.gserviceaccount.com", "audience": "them"}
OAUTH: Final = {"service_account_email": "me@p.iam.gserviceaccount.com", "scope": "this"}
WHOLE: Final = {
    **uri(scheme="HTTPS", host="h.example", port="8443", path="/p", query="q", **_IF_NOT_EXISTS),
    "http_method": "PUT",
    **overrides(("X-A", "1"), ("X-B", "")),
    "oidc_token": OIDC,
}
OTHER: Final = {
    **uri(
        scheme="SCHEME_UNSPECIFIED",
        host="o.example:1",
        port="0",
        path="",
        query="",
        uri_override_enforce_mode="ALWAYS",
    ),
    "http_method": "GET",
    **overrides(("X-C", "3")),
    "oidc_token": {"service_account_email": "you@p.iam.gserviceaccount.com", "audience": "us"},
}
MASKED: Final = (
    "uri_override",
    "uri_override.scheme",
    "uri_override.host",
    "uri_override.port",
    "uri_override.path_override",
    "uri_override.path_override.path",
    "uri_override.query_override",
    "uri_override.query_override.query_params",
    "uri_override.uri_override_enforce_mode",
    "http_method",
    "header_overrides",
    "oidc_token",
    "oidc_token.service_account_email",
    "oidc_token.audience",
)
"""Paths below http_target. Each sets or clears what it names, and nothing else."""


@dataclass(frozen=True)
class Updated:
    """What an update with a mask of several paths makes of a target."""

    what: str
    before: Mapping[str, Any] | None
    given: Mapping[str, Any] | None
    paths: Sequence[str]
    after: Mapping[str, Any] | None


UPDATED: Final = (
    Updated("a part of none", None, uri(host="h"), ["uri_override.host"], uri(host="h")),
    Updated("nothing of none", None, None, ["uri_override.host", "header_overrides"], None),
    Updated("all of it, by the message alone", WHOLE, OTHER, [""], OTHER),
    Updated("one that is empty", WHOLE, {}, [""], {}),
    Updated("its removal", WHOLE, None, [""], None),
    Updated(
        "one kind of token for the other",
        WHOLE,
        {"oauth_token": OAUTH},
        ["oauth_token"],
        {**WHOLE, "oidc_token": None, "oauth_token": OAUTH},
    ),
    Updated(
        "the other kind by its parts",
        {"oidc_token": OIDC},
        {"oauth_token": OAUTH},
        ["oauth_token.service_account_email", "oauth_token.scope"],
        {"oauth_token": OAUTH},
    ),
    Updated("the removal of a kind that it has not", WHOLE, None, ["oauth_token"], WHOLE),
    Updated(
        "both kinds, of which one is given",
        {"oidc_token": OIDC},
        {"oauth_token": OAUTH},
        ["oauth_token", "oidc_token"],
        {"oauth_token": OAUTH},
    ),
)


@dataclass(frozen=True)
class Refusal:
    what: str
    target: Mapping[str, Any]
    says: str


_TOO_LONG: Final = "x" * 2_084
REFUSED: Final = (
    Refusal("an empty host", uri(host=""), "UriOverride.host cannot be empty."),
    *(
        Refusal(f"the host {host!r}", uri(host=host), "UriOverride.host must be a host name.")
        for host in ("a/b", "u@h", "http://h", "h:99999", "h:x", ":80", "a b", "[::1")
    ),
    Refusal("a negative port", uri(port="-1"), "UriOverride.port must be between 0 and 65535."),
    Refusal("a port too high", uri(port="65536"), "UriOverride.port must be between 0 and 65535."),
    Refusal("a host too long", uri(host=_TOO_LONG), "UriOverride.host must be at most 2083 characters."),
    Refusal("a path too long", uri(path=_TOO_LONG), "UriOverride.path must be at most 2083 characters."),
    Refusal("a query too long", uri(query=_TOO_LONG), "UriOverride.query must be at most 2083 characters."),
    Refusal(
        "no header name",
        {"header_overrides": [{}]},
        'HttpTarget.headerOverrides has an invalid header name: "".',
    ),
    Refusal(
        "a bad header name",
        overrides(("A B", "x")),
        'HttpTarget.headerOverrides has an invalid header name: "A B".',
    ),
    Refusal(
        "a header of two lines",
        overrides(("A", "x\r\nB: y")),
        'HttpTarget.headerOverrides has an invalid value for header "A".',
    ),
    Refusal(
        "headers of 80 KB",
        overrides(("A", "x" * 40_959), ("B", "x" * 40_959)),
        "HttpTarget.headerOverrides must be less than 80 KB in total.",
    ),
    Refusal(
        "an OAuth token of nobody",
        {"oauth_token": {"scope": "s"}},
        "OAuthToken.serviceAccountEmail is required.",
    ),
    Refusal(
        "an OAuth token without a scope",
        {"oauth_token": {"service_account_email": "a@b"}},
        "OAuthToken.scope is required.",
    ),
    Refusal(
        "an OIDC token of nobody",
        {"oidc_token": {"audience": "a"}},
        "OidcToken.serviceAccountEmail is required.",
    ),
    Refusal(
        "an OIDC token without an audience",
        {"oidc_token": {"service_account_email": "a@b"}},
        "OidcToken.audience is required.",
    ),
)
