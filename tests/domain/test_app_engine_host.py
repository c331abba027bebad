"""The address of an App Engine application."""

import pytest

from taskweir.domain.app_engine_host import AppEngineHost


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("", AppEngineHost("http", "")),
        ("http://localhost:8080", AppEngineHost("http", "localhost:8080")),
        ("localhost:8080/", AppEngineHost("http", "localhost:8080")),
        ("https://p.appspot.com", AppEngineHost("https", "p.appspot.com")),
        ("[::1]:8080", AppEngineHost("http", "[::1]:8080")),
        ("ftp://x", None),
        ("http://", None),
        ("http://x/path", None),
        ("http://u@x", None),
        ("http://x:99999", None),
        ("http://x:0", None),
        ("x:000", None),
        ("http://x:", AppEngineHost("http", "x:")),
        ("http://x:y", None),
        ("a b", None),
    ],
)
def test_app_engine_host_is_read_from_an_address(text: str, host: AppEngineHost | None) -> None:
    """With or without a scheme; None for what is no address."""
    assert AppEngineHost.parse(text) == host
