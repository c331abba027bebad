"""Ends of leases that were told before, and those that are told next."""

import random

import pytest

from taskweir.domain.errors import FailedPrecondition
from taskweir.domain.times import DAY, HOUR, LATEST, MINUTE, SECOND, Instant
from taskweir.domain.told_ends import MOST_SPANS, ToldEnds

NOW = 1_700_000_000 * SECOND
END = NOW + MINUTE


class Holders:
    """Leases of a task, each renewed, given up by its holder or lost, with every end that was told of any."""

    def __init__(self, now: Instant = NOW) -> None:
        self.now = now
        self.ends = ToldEnds()
        self.current: Instant | None = None
        self.told: set[Instant] = set()

    def lease(self, length: int) -> int:
        """How much later than wanted it ends."""
        wanted = min(self.now + length, LATEST)
        before = self.current
        self.current, self.ends = self.ends.followed_by(before, wanted, self.now)
        if self.current > self.now:
            assert self.current == before or self.current not in self.told
            self.ends.check_proves(self.current)
        else:
            with pytest.raises(FailedPrecondition, match="over"):
                self.ends.check_proves(self.current)
        assert self.current <= LATEST
        self.told.add(self.current)
        assert len(self.ends.spans) <= MOST_SPANS
        return self.current - wanted

    def give_up(self) -> None:
        self.lease(0)

    def go_to_the_end(self) -> None:
        assert self.current is not None
        self.now = max(self.now, self.current)


def test_the_first_end_is_as_wanted() -> None:
    """And nothing is to be kept of it."""
    assert ToldEnds().followed_by(None, END, NOW) == (END, ToldEnds())


def test_an_end_stays_where_it_is_wanted_again() -> None:
    """It is the same holder's."""
    assert ToldEnds().followed_by(END, END, NOW) == (END, ToldEnds())


def test_leases_that_are_over_make_none_longer() -> None:
    """And are kept as one."""
    holders = Holders()
    for _ in range(100):
        assert holders.lease(MINUTE) == 0
        holders.go_to_the_end()
        holders.now += 7
    assert len(holders.ends.spans) == 1


def test_on_a_clock_that_stands_still_each_lease_ends_a_microsecond_later() -> None:
    """However many there are: of what is told they are one span."""
    holders = Holders()
    for count in range(1_000):
        assert holders.lease(MINUTE) == count
        holders.give_up()
    assert len(holders.ends.spans) == 2


def test_leases_that_are_given_up_as_time_goes_end_as_wanted() -> None:
    """More of them than are kept apart, so long as all are of one length."""
    holders = Holders()
    for _ in range(10 * MOST_SPANS):
        assert holders.lease(HOUR) == 0
        holders.now += SECOND // 3
        holders.give_up()


def test_of_many_ends_to_come_only_the_shortest_spans_are_joined() -> None:
    """A short lease among many long ones that were given up is longer by a thirtieth of those at most."""
    holders = Holders()
    for _ in range(3_000):
        holders.lease(HOUR)
        holders.now += SECOND
        holders.give_up()
    late = []
    for _ in range(100):
        late.append(holders.lease(MINUTE))
        holders.give_up()
        holders.now += SECOND // 2
    assert 0 <= min(late) <= max(late) <= HOUR // 30


def test_a_clock_that_is_set_back_finds_leases_that_last_until_it_is_where_it_was() -> None:
    """Only where they would end among those that are over."""
    holders = Holders()
    for _ in range(3):
        holders.lease(MINUTE)
        holders.go_to_the_end()
    highest = holders.now
    holders.give_up()
    holders.now = highest - 3 * MINUTE
    assert holders.lease(40 * SECOND) == 0
    holders.give_up()
    assert holders.lease(80 * SECOND) == 100 * SECOND + 1
    holders.give_up()
    assert holders.lease(10 * MINUTE) == 0


def test_no_lease_ends_past_the_year_9999() -> None:
    """It ends a little sooner instead, and at once when no time is left."""
    holders = Holders(LATEST - 3)
    late = []
    for _ in range(5):
        late.append(holders.lease(MINUTE))
        holders.give_up()
    assert late == [0, -1, -2, -3, -3]


def test_a_lease_of_no_time_proves_nothing() -> None:
    """Several may be told the same."""
    holders = Holders()
    assert [holders.lease(0) for _ in range(3)] == [0, 0, 0]
    holders.now -= MINUTE
    assert holders.current == NOW
    with pytest.raises(FailedPrecondition, match="over"):
        holders.ends.check_proves(NOW)


@pytest.mark.parametrize("seed", range(40))
def test_no_end_is_told_twice_wherever_the_clock_goes(seed: int) -> None:
    """Leases and cancellations at random, close together or far apart."""
    chance = random.Random(seed)
    holders = Holders()
    steps = chance.choice([(1, 2, -2, 0), (50, 1_000, 3_000, -1_000), (SECOND, SECOND - 1, -SECOND - 1, DAY)])
    lengths = chance.choice([(1, 2, 3), (SECOND, 2 * SECOND, 3 * SECOND), (SECOND, HOUR, 7 * DAY)])
    holders.lease(lengths[0])
    for _ in range(2_000):
        holders.now += chance.choice(steps)
        if chance.random() < 0.6:
            holders.give_up()
        elif chance.random() < 0.2:
            holders.go_to_the_end()
        holders.lease(chance.choice(lengths))
