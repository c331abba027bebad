"""Page tokens."""

import base64

import pytest

from taskweir.domain.errors import InvalidArgument
from taskweir.domain.page_token import PageTokens
from taskweir.domain.times import HOUR, SECOND

NOW = 1_700_000_000 * SECOND
TOKENS = PageTokens(b"k" * 32)
TOKEN = TOKENS.make("ListTasks\nq", "last-task", NOW)


def test_a_token_says_where_to_go_on() -> None:
    """For the request it was made for."""
    assert TOKENS.read("ListTasks\nq", TOKEN, NOW + HOUR) == "last-task"


def test_no_token_is_the_first_page() -> None:
    """Which begins before every id."""
    assert TOKENS.read("ListTasks\nq", "", NOW) == ""


def test_a_token_lives_for_two_hours() -> None:
    """As documented."""
    TOKENS.read("ListTasks\nq", TOKEN, NOW + 2 * HOUR - 1)
    with pytest.raises(InvalidArgument, match="expired"):
        TOKENS.read("ListTasks\nq", TOKEN, NOW + 2 * HOUR)


def test_a_token_shows_nothing_of_the_secret_and_cannot_be_changed() -> None:
    """Any changed character makes it invalid."""
    raw = bytearray(base64.urlsafe_b64decode(TOKEN + "=" * (-len(TOKEN) % 4)))
    for place in range(len(raw)):
        changed = raw.copy()
        changed[place] ^= 1
        with pytest.raises(InvalidArgument):
            TOKENS.read("ListTasks\nq", base64.urlsafe_b64encode(changed).decode(), NOW)


@pytest.mark.parametrize("token", ["x", "AAAA", "no base64!", "é", "\x00", "A" * 10_000, TOKEN[:-2], "===="])
def test_what_is_no_token_is_refused(token: str) -> None:
    """Whatever it is."""
    with pytest.raises(InvalidArgument):
        TOKENS.read("ListTasks\nq", token, NOW)


def test_a_token_is_bound_to_its_request_and_its_server() -> None:
    """Another parent, another filter or another key make it invalid."""
    with pytest.raises(InvalidArgument):
        TOKENS.read("ListTasks\nanother", TOKEN, NOW)
    with pytest.raises(InvalidArgument):
        PageTokens(b"o" * 32).read("ListTasks\nq", TOKEN, NOW)
