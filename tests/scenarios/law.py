"""The retry law, the token bucket and congestion control once more, written down another way than the server has them."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SECOND = 1_000_000


@dataclass(frozen=True)
class Retry:
    """Durations in microseconds; `max_attempts` -1 and `max_duration` 0 are unlimited."""

    max_attempts: int
    max_duration: int
    min_backoff: int
    max_backoff: int
    max_doublings: int

    def waits(self) -> Iterator[int]:
        """After the first failed attempt, the second, and so on: the interval doubles, then grows by what it was when
        it had doubled for the last time."""
        interval = self.min_backoff
        for _ in range(self.max_doublings):
            yield min(interval, self.max_backoff)
            interval *= 2
        step = interval
        while True:
            yield min(interval, self.max_backoff)
            interval += step

    def wait(self, failed: int) -> int:
        """After so many failed attempts."""
        waits = self.waits()
        for _ in range(failed - 1):
            next(waits)
        return next(waits)

    def gives_up(self, attempts: int, elapsed: int) -> bool:
        """Both limits must be reached, as far as they are set."""
        if self.max_attempts == -1 and not self.max_duration:
            return False
        out_of_attempts = self.max_attempts == -1 or attempts >= self.max_attempts
        return out_of_attempts and elapsed >= self.max_duration


@dataclass(frozen=True)
class Heard:
    """An attempt's end: its status, None for no answer."""

    at: int
    begun: int
    status: int | None

    @property
    def is_overload(self) -> bool:
        return self.status in (429, 503)

    @property
    def is_failure(self) -> bool:
        return self.is_overload or self.status is None or self.status >= 500


@dataclass(frozen=True)
class Line:
    """From `at` on, the factor is `value` and doubles every ten seconds, up to 1."""

    at: int
    value: float

    def __call__(self, time: int) -> float:
        return min(1.0, self.value * 2 ** min(60.0, (time - self.at) / SECOND / 10))

    def seconds(self, begin: int, end: int) -> float:
        """The integral: while it doubles every ten seconds, it grows by ln 2 / 10 of itself a second."""
        full = min(max(begin, self.at + math.log2(1 / self.value) * 10 * SECOND), end)
        return (self(round(full)) - self(begin)) * 10 / math.log(2) + (end - full) / SECOND


def slowed(answers: Sequence[Heard], rate: float) -> list[Line]:
    """The factor from each answer on, as they came."""
    least = min(1.0, max(0.01, 0.1 / rate))
    lines = [Line(0, 1.0)]
    opened, since, base = 0, 0, 1.0
    put_at = 1.0
    """Where the last answer that counted put the factor, without what grew back since."""
    window: list[Heard] = []
    for answer in answers:
        is_over = not window or answer.at - opened >= SECOND
        heeded = opened if is_over and _share(window) else since
        if answer.begun < heeded:
            if answer.is_failure and lines[-1](answer.at) < 1:
                lines.append(Line(answer.at, put_at))
            continue
        if is_over:
            opened, since, base, window = answer.at, heeded, lines[-1](answer.at), []
        window.append(answer)
        if any(heard.is_failure for heard in window):
            put_at = base * (1 - _share(window) / 2)
            factor = Line(opened, put_at)(answer.at)
            if factor < least:
                put_at = factor = least
            lines.append(Line(answer.at, factor))
    return lines


def _share(window: Sequence[Heard]) -> float:
    """What a window's answers ask for: twice the part by which the rate falls."""
    overloads = sum(heard.is_overload for heard in window) / max(5, len(window))
    if len(window) < 10:
        return overloads
    return max(overloads, 2 * sum(heard.is_failure for heard in window) / len(window) - 1)


class Bucket:
    """The tokens of a queue that was made at `made_at`, after all that was taken and heard. What came first of what
    happened at the same time is not known: with `taken_first` there are the most tokens that may be, else the fewest."""

    def __init__(
        self,
        rate: float,
        burst: int,
        made_at: int,
        taken: Sequence[int],
        lines: Sequence[Line],
        *,
        taken_first: bool,
    ) -> None:
        self._rate, self._burst = rate, burst
        self._states = [(made_at, float(burst), lines[0])]
        self.least = float(burst)
        """The lowest level there was."""
        events: list[tuple[int, bool, Line | None]] = [(time, taken_first, None) for time in taken]
        events += [(line.at, not taken_first, line) for line in lines[1:]]
        for time, _, line in sorted(events, key=lambda event: (event[0], not event[1])):
            if line is None:
                self._take(time)
            else:
                self._states.append((time, min(self.level(time), self._room(line, time)), line))

    def _take(self, time: int) -> None:
        level = self.level(time) - 1
        self.least = min(self.least, level)
        self._states.append((time, max(0.0, level), self._states[-1][2]))

    def level(self, at: int) -> float:
        """Just after all that happened until then."""
        since, level, line = self._states[bisect_right(self._states, at, key=lambda state: state[0]) - 1]
        return min(self._room(line, at), level + self._rate * line.seconds(since, at))

    def _room(self, line: Line, at: int) -> float:
        return 1 + (self._burst - 1) * line(at)
