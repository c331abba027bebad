"""Log lines on standard error: one line of text, or one JSON object, for each record.

What a record carries in `extra` (task, attempt, status, latency, …) is shown in both forms under its own name.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

_PLAIN_ATTRIBUTES: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up_logging(level: str, form: str) -> None:
    """Make the root logger write to standard error. `level` and `form` are the settings' words; what libraries have to
    say of their insides is left out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(
        level=max(logging.INFO, getattr(logging, level.upper())), handlers=[handler], force=True
    )
    logging.getLogger("taskweir").setLevel(level.upper())


class TextFormatter(logging.Formatter):
    """`2026-01-31T12:00:00.000Z INFO taskweir.push: the message key=value`, on one line but for tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        extra = "".join(f" {key}={_text(value)}" for key, value in _extra(record).items())
        message = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        line = f"{_time(record)} {record.levelname} {record.name}: {message}{extra}"
        trouble = _trouble(self, record)
        return f"{line}\n{trouble}" if trouble else line


class JsonFormatter(logging.Formatter):
    """One object a line: time, severity, logger, message, the record's extras, and any traceback."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": _time(record),
            "severity": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry = _extra(record) | entry
        if trouble := _trouble(self, record):
            entry["exception"] = trouble
        return json.dumps(entry, default=str, ensure_ascii=False)


def _time(record: logging.LogRecord) -> str:
    return (
        datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in vars(record).items() if key not in _PLAIN_ATTRIBUTES}


def _text(value: object) -> str:
    text = str(value)
    plain = text and text.isprintable() and not any(c in text for c in ' ="')
    return text if plain else json.dumps(text, ensure_ascii=False)


def _trouble(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    parts = []
    if record.exc_info:
        parts.append(formatter.formatException(record.exc_info))
    if record.stack_info:
        parts.append(formatter.formatStack(record.stack_info))
    return "\n".join(parts)
