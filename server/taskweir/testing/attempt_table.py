"""Attempts as a table for people."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from taskweir.testing.records import Attempt, ClockState, Ending

_HEAD = ("dispatched (UTC)", "queue/task", "no.", "request", "answer", "then")
_LONGEST = 48
"""Characters of a cell."""

_THEN = {
    Ending.DONE: "done",
    Ending.DELETED: "deleted",
    Ending.PURGED: "purged",
    Ending.OUT_OF_ATTEMPTS: "out of attempts",
    Ending.EXPIRED: "expired",
}


def attempt_table(attempts: Sequence[Attempt], shown: int) -> str:
    """The last of them, one line each: when, which task, the how manieth, what was asked, what came, and what became of
    the task. Above them, how many there were before."""
    if not attempts:
        return "None."
    rows = [_HEAD, *(_row(attempt) for attempt in attempts[-shown:])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left_out = len(attempts) - shown
    above = [f"{left_out} earlier attempts are not shown."] if left_out > 0 else []
    return "\n".join([*above, *(_line(row, widths) for row in rows)])


def clock_line(clock: ClockState) -> str:
    """What time it is for the server."""
    stands = "stands" if clock.is_frozen else "goes with real time,"
    due = f"the next task is due at {_time(clock.next_due)}" if clock.next_due else "no task is scheduled"
    return f"The clock {stands} at {_time(clock.time)}; {due}."


def _row(attempt: Attempt) -> Sequence[str]:
    queue_id = attempt.queue.rpartition("/")[2]
    return (
        _time(attempt.dispatch_time),
        _cut(f"{queue_id}/{attempt.task_id}"),
        f"{attempt.number}{' (run)' if attempt.forced else ''}",
        _cut(attempt.request_line.removesuffix(" HTTP/1.1")),
        _cut(_answer(attempt)),
        _then(attempt),
    )


def _answer(attempt: Attempt) -> str:
    took = f" in {attempt.latency / timedelta(milliseconds=1):.0f} ms"
    if attempt.status is not None:
        return f"{attempt.status}{took}"
    return f"{attempt.outcome}: {attempt.error}" if attempt.error else f"{attempt.outcome}{took}"


def _then(attempt: Attempt) -> str:
    if attempt.ending is not None:
        return _THEN[attempt.ending]
    return f"again at {_time(attempt.retry_time)}" if attempt.retry_time else "was gone"


def _time(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S.") + f"{time.microsecond // 1000:03}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
