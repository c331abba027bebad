"""Queue-level HTTP targets that are refused, and with which text."""

import pytest

from taskweir.domain.errors import InvalidArgument
from taskweir.domain.http_target_rules import checked_http_target
from taskweir.domain.model import HttpTarget, OAuthToken, OidcToken, Scheme, UriOverride

NO_HOST_NAME = "UriOverride.host must be a host name."
BAD_PORT = "UriOverride.port must be between 0 and 65535."
HEADERS = "HttpTarget.headerOverrides"


@pytest.mark.parametrize(
    "host",
    ["h", "h.example", "h:8080", "h:", "h:65535", "[::1]", "[::1]:80", "127.0.0.1:80", "bücher.example", "H"],
)
def test_a_host_may_be_a_name_or_an_address_with_or_without_a_port(host: str) -> None:
    """And is kept as it is."""
    target = HttpTarget(UriOverride(host=host))
    assert checked_http_target(target) is target


@pytest.mark.parametrize(
    ("override", "says"),
    [
        (UriOverride(host=""), "UriOverride.host cannot be empty."),
        *(
            (UriOverride(host=host), NO_HOST_NAME)
            for host in (
                "a/b",
                "user@host",
                "a b",
                "a?b",
                "a#b",
                "a\\b",
                "a\nb",
                "http://a",
                "h:99999",
                "h:000080",
                "h:x",
                "h:-1",
                "h:\u0663",
                "a:1:2",
                "::1",
                ":80",
                "[::1",
                "::1]",
                "[",
                "[]",
                "[::1]x",
            )
        ),
        (UriOverride(port=-1), BAD_PORT),
        (UriOverride(port=65_536), BAD_PORT),
        (UriOverride(host="h" * 2_084), "UriOverride.host must be at most 2083 characters."),
        (UriOverride(path="p" * 2_084), "UriOverride.path must be at most 2083 characters."),
        (UriOverride(query="q" * 2_084), "UriOverride.query must be at most 2083 characters."),
    ],
)
def test_a_bad_uri_override_is_refused(override: UriOverride, says: str) -> None:
    """Nothing may end the host within the URL; paths and queries cannot, since they are escaped."""
    with pytest.raises(InvalidArgument) as refusal:
        checked_http_target(HttpTarget(override))
    assert refusal.value.message == says


@pytest.mark.parametrize(
    "override",
    [
        UriOverride(),
        UriOverride(Scheme.UNSPECIFIED, port=0, path="", query=""),
        UriOverride(port=65_535, path="p" * 2_083, query="q" * 2_083),
        UriOverride(path="/a b?c#d", query="a=ü&b= #"),
    ],
)
def test_empty_parts_clear_and_odd_ones_are_escaped(override: UriOverride) -> None:
    """Neither is refused."""
    assert checked_http_target(HttpTarget(override)).uri_override == override


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ((("Bad Name", "x"),), f'{HEADERS} has an invalid header name: "Bad Name".'),
        ((("", "x"),), f'{HEADERS} has an invalid header name: "".'),
        ((("X-A", "a\r\nX-B: b"),), f'{HEADERS} has an invalid value for header "X-A".'),
        ((("X-A", "a" * 81_917),), f"{HEADERS} must be less than 80 KB in total."),
        ((("X-A", "a" * 40_957), ("x-a", "a" * 40_957)), f"{HEADERS} must be less than 80 KB in total."),
    ],
)
def test_bad_header_overrides_are_refused(overrides: tuple[tuple[str, str], ...], says: str) -> None:
    """Framing and size."""
    with pytest.raises(InvalidArgument) as refusal:
        checked_http_target(HttpTarget(header_overrides=overrides))
    assert refusal.value.message == says


def test_header_overrides_just_below_80_kb_and_of_reserved_names_are_kept() -> None:
    """The latter are passed over at dispatch."""
    target = HttpTarget(header_overrides=(("X-A", "a" * 81_912), ("Host", "")))
    assert checked_http_target(target) is target


@pytest.mark.parametrize(
    ("token", "says"),
    [
        (OidcToken("a@b"), "OidcToken.audience is required."),
        (OidcToken("", "aud"), "OidcToken.serviceAccountEmail is required."),
        (OAuthToken("a@b"), "OAuthToken.scope is required."),
        (OAuthToken("", "scope"), "OAuthToken.serviceAccountEmail is required."),
        (OidcToken("a@b", "a" * 2_084), "OidcToken.audience must be at most 2083 characters."),
        (OAuthToken("a" * 2_084, "s"), "OAuthToken.serviceAccountEmail must be at most 2083 characters."),
    ],
)
def test_a_token_that_lacks_a_part_is_refused(token: OidcToken | OAuthToken, says: str) -> None:
    """Both are required for a queue (documented), unlike for a task."""
    with pytest.raises(InvalidArgument) as refusal:
        checked_http_target(HttpTarget(authorization=token))
    assert refusal.value.message == says
