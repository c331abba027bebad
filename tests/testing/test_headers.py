"""Headers whose names are the same in upper and lower case."""

from taskweir.testing import Headers

HEADERS = Headers([("Content-Type", "a"), ("X-Two", "1"), ("x-two", "2")])


def test_names_are_found_in_any_case() -> None:
    """And are listed as sent, each once."""
    assert HEADERS["content-type"] == HEADERS["CONTENT-TYPE"] == "a"
    assert "x-TWO" in HEADERS
    assert HEADERS.get("x-three") is None
    assert list(HEADERS) == ["Content-Type", "X-Two"]
    assert len(HEADERS) == 2


def test_a_header_that_came_twice_has_both_values() -> None:
    """The first by its name, each by `all`."""
    assert HEADERS["x-two"] == "1"
    assert HEADERS.all("X-TWO") == ["1", "2"]
    assert HEADERS.all("none") == []


def test_headers_are_compared_whatever_the_case() -> None:
    """With any mapping; and hashed alike."""
    plain = Headers([("Content-Type", "a"), ("X-Two", "1")])
    assert plain == {"CONTENT-TYPE": "a", "x-two": "1"}
    assert plain != {"content-type": "A", "x-two": "1"}
    assert plain != {1: "a"}
    assert plain != "content-type"
    assert hash(Headers([("A", "1")])) == hash(Headers([("a", "1")]))
    assert repr(Headers([("A", "1")])) == "Headers({'A': '1'})"


def test_headers_that_came_twice_equal_only_the_same() -> None:
    """Each value counts."""
    assert Headers([("x-TWO", "1"), ("content-type", "a"), ("X-Two", "2")]) == HEADERS
    assert Headers([("Content-Type", "a"), ("X-Two", "1")]) != HEADERS
    assert HEADERS != {"Content-Type": "a", "X-Two": "1"}
