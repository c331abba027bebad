"""Which queue is next."""

from dataclasses import replace

from tests.push.windows import window

from taskweir.domain.times import HOUR, SECOND
from taskweir.push.agenda import Agenda


def test_queues_come_when_their_time_has_come_and_the_earliest_first() -> None:
    """And leave the agenda with that."""
    agenda = Agenda()
    queues = {at: window(uid) for uid, at in enumerate((30, 10, 20))}
    for at, one in queues.items():
        agenda.put(one, at)
    assert agenda.next_at() == 10
    assert agenda.take_due(9) == []
    assert agenda.take_due(20) == [queues[10], queues[20]]
    assert agenda.next_at() == 30


def test_only_the_last_time_given_counts() -> None:
    """Earlier, later, the same again, or none."""
    agenda = Agenda()
    moved, dropped = window(1), window(2)
    for at in (20, 10, 30, 30):
        agenda.put(moved, at)
    agenda.put(dropped, 5)
    agenda.put(dropped, None)
    assert agenda.next_at() == 30
    assert agenda.take_due(29) == []
    assert agenda.take_due(30) == [moved]
    assert agenda.take_due(30) == []


def test_a_queue_whose_settings_changed_is_the_same_queue() -> None:
    """Its window stays."""
    agenda = Agenda()
    one = window(1)
    agenda.put(one, 10)
    one.queue = replace(one.queue, rate_limits=replace(one.queue.rate_limits, max_dispatches_per_second=1.0))
    agenda.put(one, 20)
    assert agenda.take_due(30) == [one]


def test_times_that_count_no_more_do_not_pile_up() -> None:
    """Behind a queue that is due soon, others may be planned again and again for long after."""
    agenda = Agenda()
    agenda.put(window(1), HOUR)
    often = window(2)
    for n in range(10_000):
        agenda.put(often, HOUR + 10_000 * SECOND - n)
    assert len(agenda._times._heap) < 100
    assert agenda.next_at() == HOUR
