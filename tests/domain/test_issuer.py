"""Who issues tokens."""

import pytest

from taskweir.domain.issuer import issuer_of


@pytest.mark.parametrize(
    ("text", "issuer"),
    [
        ("https://accounts.google.com", "https://accounts.google.com"),
        (" http://127.0.0.1:8124/ ", "http://127.0.0.1:8124"),
        ("http://[::1]:8124", "http://[::1]:8124"),
        ("HTTPS://T.local/tasks/A", "https://T.local/tasks/A"),
        ("Http://t.local.:1/a//b/", "http://t.local.:1/a//b"),
        ("http://t/.well-known/a..b", "http://t/.well-known/a..b"),
    ],
)
def test_an_issuer_is_a_url(text: str, issuer: str) -> None:
    """Its scheme is lowered, and the slash at its end left out; else it stays as whoever compares it knows it."""
    assert issuer_of(text) == issuer


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "such as http://127.0.0.1:8124"),
        ("accounts.google.com", "such as http://127.0.0.1:8124"),
        ("ftp://t", "such as http://127.0.0.1:8124"),
        ("http://", "such as http://127.0.0.1:8124"),
        ("http://u@t", "such as http://127.0.0.1:8124"),
        ("http://t?a", "such as http://127.0.0.1:8124"),
        ("http://t/?a", "such as http://127.0.0.1:8124"),
        ("http://t/#a", "such as http://127.0.0.1:8124"),
        ("http://t/a b", "such as http://127.0.0.1:8124"),
        ("http://t:x", "the authority is not a host and a port"),
        ("http://t:65536", "the port is above 65535"),
        ("http://t:999999", "the authority is not a host and a port"),
        ("http://t:0", "the port is 0"),
        ("http://t:", "the port is empty"),
        ("http://:80", "the host is not a name"),
        ("http://a b", "the host is not a name"),
        ("http://a..b", "the host has an empty label"),
        ("http://.a", "the host has an empty label"),
        ("http://a..", "the host has an empty label"),
        ("http://[::x]", "the host is not an IPv6 address"),
        ("http://t/.", "the path has a dot segment"),
        ("http://t/a/../b", "the path has a dot segment"),
        ("http://t/a/%2E./b", "the path has a dot segment"),
    ],
)
def test_what_clients_would_change_or_fail_at_is_refused(text: str, says: str) -> None:
    """With what is wrong."""
    with pytest.raises(ValueError) as refusal:
        issuer_of(text)
    assert str(refusal.value).startswith(repr(text))
    assert str(refusal.value).endswith(says)
