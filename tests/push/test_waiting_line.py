"""Who goes next when there is not capacity for all."""

from tests.push.windows import tasks, window

from taskweir.push.capacity import Capacity
from taskweir.push.waiting_line import WaitingLine
from taskweir.push.window import QueueWindow

PLENTY = 256 << 20


def line_of(*queues: QueueWindow) -> WaitingLine:
    line = WaitingLine()
    for queue in queues:
        line.join(queue)
    return line


def order(line: WaitingLine, capacity: Capacity) -> list[int]:
    """Uids in the order in which they would go; the line is empty of those after it."""
    uids = []
    while (queue := line.next(capacity)) is not None:
        line.leave(queue)
        uids.append(queue.queue.uid)
    return uids


def holding(uid: int, in_flight: int, size: int = 0) -> QueueWindow:
    queue = window(uid)
    queue.in_flight, queue.bytes_held = in_flight, size
    return queue


def test_who_holds_least_goes_first_and_among_equals_who_came_first() -> None:
    """Joining again keeps one's place."""
    line = line_of(holding(1, 1), holding(2, 0), holding(3, 1), holding(4, 0))
    again = line.next(Capacity(100, PLENTY))
    assert again is not None
    line.join(again)
    assert order(line, Capacity(100, PLENTY)) == [2, 4, 1, 3]


def test_who_may_not_go_holds_up_nobody_who_may() -> None:
    """With two slots free a queue that holds two gets none, and those behind it get theirs."""
    line = line_of(holding(1, 2), holding(2, 3), holding(3, 1), holding(4, 0))
    assert order(line, Capacity(2, PLENTY)) == [4, 3]
    assert len(line) == 2
    assert order(line, Capacity(0, PLENTY)) == []
    assert order(line, Capacity(3, PLENTY)) == [1]
    assert order(line, Capacity(4, PLENTY)) == [2]


def test_a_queue_that_was_run_meanwhile_goes_by_what_it_holds_now() -> None:
    """RunTask takes slots past the line."""
    run, other = window(1), window(2)
    line = line_of(run, other)
    run.in_flight = 3
    assert order(line, Capacity(3, PLENTY)) == [2]
    assert order(line, Capacity(4, PLENTY)) == [1]


def test_who_waits_for_bytes_holds_up_nobody_who_needs_none() -> None:
    """And goes as soon as there are some, before those who came later."""
    full, claimed, late = holding(1, 0), holding(2, 1), holding(3, 0)
    claimed.claimed.extend(tasks(1))
    line = line_of(full, claimed)
    assert order(line, Capacity(100, 0)) == [2]
    line.join(late)
    assert order(line, Capacity(100, 0)) == []
    assert order(line, Capacity(100, PLENTY)) == [1, 3]


def test_bytes_go_to_who_holds_few_of_them() -> None:
    """A queue of large bodies does not keep others from the rest."""
    hog, small = holding(1, 0, size=250 << 20), holding(2, 0)
    line = line_of(hog, small)
    assert order(line, Capacity(100, 6 << 20)) == [2]
    assert order(line, Capacity(100, 256 << 20)) == [1]


def test_who_waits_for_bytes_and_then_for_slots_is_not_forgotten() -> None:
    """Each shortage in turn, while another queue goes by."""
    both, other = holding(1, 2), holding(2, 0)
    line = line_of(both, other)
    assert order(line, Capacity(100, 0)) == []
    assert order(line, Capacity(1, PLENTY)) == [2]
    assert order(line, Capacity(3, PLENTY)) == [1]
