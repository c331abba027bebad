"""The judge of the crash test finds what is broken."""

import pytest
from tests.crash.ledger import Created, Ledger
from tests.crash.verdict import judge
from tests.http_sink import Delivery

LIVES = (0, 1_000, 2_000)


def delivery(task_id: str, wall_us: int, status: int = 200) -> Delivery:
    return Delivery(task_id, b"/", wall_us, 0, status)


def ledger(*tasks: Created, **deleted: int) -> Ledger:
    return Ledger(created={task.id: task for task in tasks}, deleted=deleted)


def test_a_task_that_neither_arrived_nor_is_there_is_lost() -> None:
    """Unless its deletion was asked for."""
    answered = ledger(*(Created(name, "q", 0) for name in "abcde"), d=5)
    answered.maybe_deleted.add("e")
    assert judge(answered, [delivery("a", 1)], {"b"}, LIVES).lost == ["c"]


@pytest.mark.parametrize(
    ("deleted_at", "arrivals", "present", "came_back"),
    [
        (10, [], set(), []),
        (10, [], {"a"}, ["a"]),
        (10, [delivery("a", 600)], set(), ["a"]),
        (510, [delivery("a", 505)], set(), []),
    ],
)
def test_a_deleted_task_stays_away(
    deleted_at: int, arrivals: list[Delivery], present: set[str], came_back: list[str]
) -> None:
    """It is not shown, and not sent, but for an attempt that may have been in flight."""
    answered = ledger(Created("a", "q", 500), a=deleted_at)
    assert judge(answered, arrivals, present, LIVES).came_back == came_back


def test_an_early_delivery_is_found() -> None:
    """A microsecond before the schedule time is early, the very microsecond is not."""
    answered = ledger(Created("a", "q", 500), Created("b", "q", 500))
    verdict = judge(answered, [delivery("a", 499), delivery("b", 500)], (), LIVES)
    assert verdict.early == ["a"]
    assert not verdict.holds


def test_a_retry_is_no_second_delivery() -> None:
    """Only what follows an answer of 200 is."""
    verdict = judge(ledger(Created("a", "q", 0)), [delivery("a", 1, 500), delivery("a", 2)], (), LIVES)
    assert verdict.repeated.total() == 0
    assert verdict.holds


def test_a_second_delivery_needs_a_crash_to_explain_it() -> None:
    """After one it is counted; without one it is a fault."""
    answered = ledger(Created("a", "q", 0), Created("b", "q", 0))
    arrivals = [delivery("a", 900), delivery("a", 1_100), delivery("b", 1_200), delivery("b", 1_300)]
    verdict = judge(answered, arrivals, (), LIVES)
    assert verdict.repeated == {2: 2}
    assert verdict.doubled == ["b"]
