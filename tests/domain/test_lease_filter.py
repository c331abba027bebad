"""The filter of LeaseTasks."""

import pytest

from taskweir.domain.errors import InvalidArgument
from taskweir.domain.lease_filter import AnyTag, LeaseFilter, OldestTag, WithTag, parse_lease_filter

LONGEST = "t" * 500


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", AnyTag()),
        ("tag=red", WithTag("red")),
        ("tag=", WithTag("")),
        ('tag=""', WithTag("")),
        ("tag=a=b", WithTag("a=b")),
        ("tag= a b ", WithTag(" a b ")),
        ("tag=tag_function=oldest_tag()", WithTag("tag_function=oldest_tag()")),
        ("tag=\U0001f41f\u0000", WithTag("\U0001f41f\u0000")),
        (f"tag={LONGEST}", WithTag(LONGEST)),
        ("tag_function=oldest_tag()", OldestTag()),
        ("tag=oldest_tag()", OldestTag()),
        ('tag="oldest_tag()"', WithTag("oldest_tag()")),
        ('tag="a b"', WithTag("a b")),
        (r'tag="a \"b\" \\ \c"', WithTag(r'a "b" \ c')),
        ('tag="two\nlines"', WithTag("two\nlines")),
        (rf'tag="{LONGEST[:-1]}\""', WithTag(LONGEST[:-1] + '"')),
        (r"tag=a\"b", WithTag(r"a\"b")),
    ],
)
def test_what_a_filter_stands_for(text: str, wanted: LeaseFilter) -> None:
    """The documented grammar, and that of 2017."""
    assert parse_lease_filter(text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("red", "must be 'tag=<tag>' or 'tag_function=oldest_tag()', not 'red'"),
        ("=", "must be"),
        (" ", "must be"),
        ("tag", "must be"),
        ("Tag=a", "must be"),
        ("tag =a", "must be"),
        ("tag_function", "must be"),
        ("tag_function=", "only tag_function"),
        ("tag_function=oldest_tag", "only tag_function"),
        ("tag_function=newest_tag()", "only tag_function of a filter is oldest_tag(), not 'newest_tag()'"),
        ("tag_function=oldest_tag() ", "only tag_function"),
        ('tag="', "closing quote"),
        ('tag="a', "closing quote"),
        ('tag="a"b', "closing quote"),
        ('tag="a"b"', "closing quote"),
        (r'tag="a\"', "closing quote"),
        (f"tag={LONGEST}t", "at most 500 characters"),
        (f'tag="{LONGEST}t"', "at most 500 characters"),
    ],
)
def test_what_is_no_filter_is_refused(text: str, message: str) -> None:
    """With what it must be."""
    with pytest.raises(InvalidArgument) as refusal:
        parse_lease_filter(text)
    assert message in refusal.value.message


def test_a_long_filter_is_quoted_in_part() -> None:
    """Whatever is wrong with it, and soon."""
    for text in ("x" * 1_000_000, 'tag="' + "\\a" * 500_000, "tag_function=" + "x" * 1_000_000):
        with pytest.raises(InvalidArgument) as refusal:
            parse_lease_filter(text)
        assert len(refusal.value.message) < 1_200
