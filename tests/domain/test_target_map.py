"""Which origins are reached elsewhere, and where."""

import re

import pytest
from tests.readme import README

from taskweir.domain.target_host import BadHost, target_host
from taskweir.domain.target_map import TargetMap
from taskweir.push.target_url import target_url

USUAL = {"http": 80, "https": 443}


def reached(rules: str, scheme: str, host: str, port: int | None = None) -> str | None:
    """The place as a URL."""
    place = TargetMap.parse(rules.split()).place_of(scheme, target_host(host), port or USUAL[scheme])
    return place and f"{place.scheme}://{place.host.in_url}:{place.port}{place.prefix}"


@pytest.mark.parametrize(
    ("rule", "scheme", "host", "port", "expected"),
    [
        ("https://api.example=http://127.0.0.1:9000", "https", "api.example", 443, "http://127.0.0.1:9000"),
        ("https://api.example=http://127.0.0.1:9000", "http", "api.example", 443, None),
        ("https://api.example=http://127.0.0.1:9000", "https", "api.example", 8443, None),
        ("https://api.example=http://127.0.0.1:9000", "https", "v1.api.example", 443, None),
        ("https://api.example:8443=http://x", "https", "api.example", 8443, "http://x:80"),
        ("api.example=http://x", "http", "api.example", 1234, "http://x:80"),
        ("api.example=http://x", "https", "api.example", 443, "http://x:80"),
        ("api.example:81=http://x", "https", "api.example", 81, "http://x:80"),
        ("api.example:81=http://x", "http", "api.example", 80, None),
        ("https://api.example/=https://x/", "https", "api.example", 443, "https://x:443"),
        ("a.test=http://x/base/", "http", "a.test", 80, "http://x:80/base"),
        ("a.test=http://x/a=b/%20", "http", "a.test", 80, "http://x:80/a=b/%20"),
        ("*.run.app=http://x", "https", "orders.run.app", 443, "http://x:80"),
        ("*.run.app=http://x", "https", "a.b.run.app", 443, "http://x:80"),
        ("*.run.app=http://x", "https", "run.app", 443, None),
        ("*.run.app=http://x", "https", "notrun.app", 443, None),
        ("https://*.run.app=http://*:8080", "https", "orders.run.app", 443, "http://orders:8080"),
        ("https://*.run.app=http://*:8080", "https", "a.b.run.app", 443, "http://a.b:8080"),
        ("*.run.app=http://svc-*.local/p", "https", "orders.run.app", 443, "http://svc-orders.local:80/p"),
        ("*=http://x", "https", "any.test", 444, "http://x:80"),
        ("*=http://x", "http", "10.0.0.1", 80, "http://x:80"),
        ("*=http://*:8080", "https", "any.test", 444, "http://any.test:8080"),
        ("*=http://*:8080", "http", "[::1]", 80, "http://[::1]:8080"),
        ("https://*=http://x", "http", "any.test", 80, None),
        ("*:81=http://x", "http", "any.test", 81, "http://x:80"),
        ("10.0.0.1=http://[::1]:81", "http", "10.0.0.1", 80, "http://[::1]:81"),
        ("*.1=http://x", "http", "10.0.0.1", 80, "an error"),
    ],
)
def test_what_a_rule_fits_is_reached_where_it_says(
    rule: str, scheme: str, host: str, port: int, expected: str | None
) -> None:
    """A scheme without a port stands for its usual one; no scheme is either, with any port."""
    if expected == "an error":
        with pytest.raises(ValueError, match="wildcard before an address"):
            reached(rule, scheme, host, port)
    else:
        assert reached(rule, scheme, host, port) == expected


@pytest.mark.parametrize(
    ("rule", "host"),
    [
        ("API.Example.=http://x", "api.example"),
        ("api.example=http://x", "Api.EXAMPLE."),
        ("b\u00fccher.example=http://x", "xn--bcher-kva.example"),
        ("api.example=http://x", "%61pi.example"),
        ("*.Run.App.=http://x", "orders.RUN.app."),
        ("0x7f.1=http://x", "127.0.0.1"),
        ("127.0.0.1=http://x", "2130706433"),
        ("[0:0::1]=http://x", "[::1]"),
    ],
)
def test_hosts_are_compared_in_one_form(rule: str, host: str) -> None:
    """Case, script, escapes, the dot at the end, and odd forms of addresses."""
    assert reached(rule, "http", host) == "http://x:80"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("*=http://1 *.b.test=http://2 *.a.b.test=http://3 c.a.b.test=http://4", "4"),
        ("*=http://1 *.b.test=http://2 *.a.b.test=http://3", "3"),
        ("*=http://1 *.b.test=http://2", "2"),
        ("*=http://1 d.test=http://2", "1"),
        ("https://*=http://1 *.test=http://2", "2"),
        ("c.a.b.test=http://1 https://c.a.b.test=http://2", "2"),
        ("c.a.b.test=http://1 c.a.b.test:443=http://2", "2"),
        ("c.a.b.test:443=http://1 https://c.a.b.test=http://2", "2"),
        ("http://c.a.b.test=http://1 *.test=http://2", "2"),
    ],
)
def test_the_most_specific_rule_holds(rules: str, expected: str) -> None:
    """The host first, then a scheme, then a port; one that does not fit is not there."""
    assert reached(rules, "https", "c.a.b.test") == f"http://0.0.0.{expected}:80"


def test_the_table_of_the_readme_is_what_is_done() -> None:
    """Each row by itself."""
    table = README.partition("| `--target-map` | URL | goes to |\n|---|---|---|\n")[2].partition("\n\n")[0]
    rows = [re.findall(r"`([^`]+)`", line) for line in table.splitlines()]
    assert len(rows) == 4
    for rule, url, expected in rows:
        mapped = target_url(url).elsewhere(TargetMap.parse([rule]))
        assert mapped.origin.rstrip("/") + mapped.target == expected


def test_what_is_mapped_is_not_mapped_again() -> None:
    """Else two services could be swapped only by a third name."""
    assert reached("a.test=http://b.test b.test=http://a.test", "http", "a.test") == "http://b.test:80"


def test_nothing_is_mapped_without_rules() -> None:
    """As where no flag is given."""
    assert TargetMap() == TargetMap.parse(())
    assert TargetMap().place_of("http", target_host("a"), 80) is None


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("api.example", "is not FROM=TO"),
        ("=http://x", "is not \\[http"),
        ("api.example=", "is not http://HOST"),
        ("api.example=x", "is not http://HOST"),
        ("api.example=ftp://x", "is not http://HOST"),
        ("api.example=http://", "is not http://HOST"),
        ("api.example=http://u@x", "is not http://HOST"),
        ("api.example=http://x?a", "is not http://HOST"),
        ("api.example=http://x/#a", "is not http://HOST"),
        ("api.example=http://x/a b", "is not http://HOST"),
        ("api.example=http://x/a\r\nb", "is not http://HOST"),
        ("api.example=http://x:0", "the port is 0"),
        ("api.example=http://x:65536", "the port is above"),
        ("api.example=http://x:y", "the authority is not a host and a port"),
        ("api.example=http://a_b!", "the host is not a name"),
        ("api.example=http://*", "stands for nothing"),
        ("*.example=http://*.*", "stands for nothing"),
        ("ftp://api.example=http://x", "is not \\[http"),
        ("https://api.example/path=http://x", "is not \\[http"),
        ("u@api.example=http://x", "is not \\[http"),
        ("api.*=http://x", "the host is not a name"),
        ("*.*.example=http://x", "the host is not a name"),
        ("*api.example=http://x", "the host is not a name"),
        ("*.10.0.0.1=http://x", "wildcard before an address"),
        ("api.example:x=http://x", "the authority is not a host and a port"),
    ],
)
def test_a_mistake_is_told(rule: str, message: str) -> None:
    """At the start, whoever reads the setting."""
    with pytest.raises(ValueError, match=message):
        TargetMap.parse([rule])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.test", "A.test."),
        ("https://a.test", "HTTPS://a.test:443/"),
        ("a.test:81", "a.test:81"),
        ("*", "*"),
        ("*.test", "*.TEST"),
        ("127.0.0.1", "0x7f.1"),
    ],
)
def test_nothing_is_mapped_to_two_places(one: str, other: str) -> None:
    """However it is written; the second is told."""
    with pytest.raises(ValueError) as refusal:
        TargetMap.parse([f"{one}=http://x", "b.test=http://x", f"{other}=http://x"])
    assert str(refusal.value) == f"{other!r} is given twice"


def test_a_wildcard_that_makes_no_host_is_told_when_it_does() -> None:
    """Before an address, say."""
    with pytest.raises(BadHost):
        reached("*=http://a*.test", "http", "[::1]")
