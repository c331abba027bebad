"""The form of log lines."""

import json
import logging
import sys

import pytest

from taskweir.command.logs import JsonFormatter, TextFormatter


def record(message: str, *args: object, exc_info: object = None, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("taskweir.push", logging.INFO, __file__, 1, message, args, exc_info)  # type: ignore[arg-type]
    made.created = 1_767_225_600.25
    vars(made).update(extra)
    return made


def failure() -> object:
    try:
        raise ValueError("no")
    except ValueError:
        return sys.exc_info()


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (record("a %s", "b"), "2026-01-01T00:00:00.250Z INFO taskweir.push: a b"),
        (
            record("attempt", task="t", status=503, error='say "no"', empty=""),
            r'2026-01-01T00:00:00.250Z INFO taskweir.push: attempt task=t status=503 error="say \"no\"" empty=""',
        ),
        (
            record("two\nlines", key="x\ny"),
            r'2026-01-01T00:00:00.250Z INFO taskweir.push: two\nlines key="x\ny"',
        ),
    ],
)
def test_a_text_line_is_one_line(made: logging.LogRecord, line: str) -> None:
    """With the extras as key=value, quoted where they must be."""
    assert TextFormatter().format(made) == line


def test_a_traceback_follows_its_text_line() -> None:
    """Python's own form."""
    first, *rest = TextFormatter().format(record("it failed", exc_info=failure())).splitlines()
    assert first.endswith("it failed")
    assert rest[0] == "Traceback (most recent call last):"
    assert rest[-1] == "ValueError: no"


def test_a_json_line_is_one_object() -> None:
    """Extras under their own names; they cannot replace what every line has."""
    made = record("a %s\n", "b", task="t", latency=1.5, severity="x", odd={1})
    line = JsonFormatter().format(made)
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2026-01-01T00:00:00.250Z",
        "severity": "INFO",
        "logger": "taskweir.push",
        "message": "a b\n",
        "task": "t",
        "latency": 1.5,
        "odd": "{1}",
    }


def test_a_traceback_stands_in_its_json_line() -> None:
    """On one line with the rest."""
    line = JsonFormatter().format(record("it failed", exc_info=failure()))
    assert json.loads(line)["exception"].endswith("ValueError: no")
    assert "\n" not in line
