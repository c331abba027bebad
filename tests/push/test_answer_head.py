"""The head of the answer that counts, among what libcurl tells."""

import pytest

from taskweir.push.answer_head import AnswerHead

OK = b"HTTP/1.1 200 OK\r\n"
EARLY = b"HTTP/1.1 103 Early\r\nRetry-After: 1\r\nContent-Encoding: gzip\r\n\r\n"


def head(told: bytes) -> AnswerHead:
    return AnswerHead.of(told.splitlines(keepends=True))


@pytest.mark.parametrize(
    ("told", "retry_after"),
    [
        (OK + b"Retry-After: 7\r\n\r\n", b"7"),
        (OK + b"RETRY-AFTER:7 \r\n\r\n", b"7"),
        (OK + b"Retry-After: 7\n\n", b"7"),
        (OK + b"Retry-After: 7\r\nRetry-After: 8\r\n\r\n", b"7"),
        (OK + b"Retry-After:\r\n 7\r\nA: b\r\n c\r\n\r\n", b"7"),
        (OK + b"A: b\r\n Retry-After: 7\r\n\r\n", b""),
        (OK + b"X-Retry-After: 7\r\n\r\n", b""),
        (OK + b"\r\n", b""),
        (OK + b"\r\nRetry-After: 7\r\n\r\n", b""),
        (OK + b"A: b\r\n\r\nHTTP/1.1 200 OK\r\nRetry-After: 7\r\n\r\n", b""),
        (EARLY + OK + b"\r\n", b""),
        (EARLY * 2 + OK + b"Retry-After: 7\r\n\r\nRetry-After: 8\r\n\r\n", b"7"),
        (EARLY, b""),
        (b"", b""),
    ],
)
def test_retry_after_is_of_the_final_answer_s_head(told: bytes, retry_after: bytes) -> None:
    """Not of what came before it, nor of trailers, whatever they look like."""
    assert head(told).retry_after == retry_after


@pytest.mark.parametrize(
    ("told", "is_whole"),
    [
        (OK + b"\r\n", True),
        (OK + b"A: b\n\n", True),
        (EARLY + OK + b"\r\n", True),
        (OK + b"\r\nA: b\r\n", True),
        (OK, False),
        (EARLY, False),
        (EARLY + OK, False),
        (b"", False),
    ],
)
def test_a_head_is_whole_when_a_blank_line_ends_it(told: bytes, is_whole: bool) -> None:
    """A 1xx answer's does not."""
    assert head(told).is_whole is is_whole


@pytest.mark.parametrize(
    ("headers", "is_encoded"),
    [
        (b"", False),
        (b"Content-Encoding: identity\r\n", False),
        (b"content-encoding:Identity \r\n", False),
        (b"Content-Encoding: gzip\r\n", True),
        (b"Content-Encoding: identity, br\r\n", True),
        (b"Content-Encoding: identity\r\nContent-Encoding: zstd\r\n", True),
        (b"Content-Encoding: identity\r\n , gzip\r\n", True),
        (b"Content-Encoding:\r\n", True),
    ],
)
def test_a_body_is_encoded_when_any_header_says_so(headers: bytes, is_encoded: bool) -> None:
    """One that says nothing is not trusted."""
    assert head(OK + headers + b"\r\n").is_body_encoded is is_encoded
    assert not head(EARLY + OK + b"\r\n").is_body_encoded
