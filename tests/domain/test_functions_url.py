"""Where functions run."""

import pytest

from taskweir.domain.functions_url import FunctionsUrl
from taskweir.domain.names import QueueName

QUEUE = QueueName("demo", "us-central1", "greet")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", ""),
        ("http://127.0.0.1:5001", "http://127.0.0.1:5001/demo/us-central1/greet"),
        ("http://127.0.0.1:5001/", "http://127.0.0.1:5001/demo/us-central1/greet"),
        ("https://functions.example/a/", "https://functions.example/a/demo/us-central1/greet"),
        ("http://[::1]:5001", "http://[::1]:5001/demo/us-central1/greet"),
    ],
)
def test_a_function_has_a_url(text: str, url: str) -> None:
    """Below the base, by its project, its location and its name; none without a base."""
    functions = FunctionsUrl.parse(text)

    assert functions is not None
    assert functions.of_queue(QUEUE) == url


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:5001",
        "//a",
        "ftp://a",
        "http://",
        "http:///a",
        "http://a:x",
        "http://a:65536",
        "http://a?b",
        "http://a#b",
        "http://a b",
        "http://ä",
        "http://[::1",
    ],
)
def test_what_cannot_begin_a_url_is_no_base(text: str) -> None:
    """Whoever gives it is told at once."""
    assert FunctionsUrl.parse(text) is None
