"""How the text of a setting becomes its value; the same for a flag, a variable and a line of the config file."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Final

from taskweir.domain.app_engine_host import AppEngineHost
from taskweir.domain.app_engine_services import AppEngineServices
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.functions_url import FunctionsUrl
from taskweir.domain.issuer import issuer_of
from taskweir.domain.origin import as_browsers_write
from taskweir.domain.queue_bounds import PRODUCTION, RELAXED, QueueBounds
from taskweir.domain.queue_entry import QueueYaml
from taskweir.domain.target_map import TargetMap
from taskweir.domain.target_rules import HostRules
from taskweir.domain.times import DAY, HOUR, MILLISECOND, MINUTE, SECOND, Micros
from taskweir.queue_file import read_queue_file

LONGEST_DURATION: Final[Micros] = 36_500 * DAY
"""A hundred years: sums with the present time stay far inside 64 bits."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`read` raises ValueError with what was expected; `placeholder` stands for the value in the help.

    A switch may be given as a bare flag, which means true; a repeatable setting's texts are joined by commas.
    """

    placeholder: str
    read: Callable[[str], object]
    is_switch: bool = False
    is_repeatable: bool = False


def _text(text: str) -> str:
    return text.strip()


def _required_text(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text.strip()


def _host(text: str) -> str:
    """An address or host name; the brackets of an IPv6 address in a URL are taken off."""
    host = _required_text(text)
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text.strip()) or int(text) > 65_535:
        raise ValueError(f"must be a port from 0 to 65535, not {text!r}")
    return int(text)


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text.strip()):
        raise ValueError(f"must be a whole number from 0 to 999999999, not {text!r}")
    return int(text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


_SWITCH_WORDS: Final = {
    **dict.fromkeys(("true", "t", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "f", "0", "no", "off"), False),
}


def _switch(text: str) -> bool:
    value = _SWITCH_WORDS.get(text.strip().lower())
    if value is None:
        raise ValueError(f"must be true or false, not {text!r}")
    return value


_ANY_ORIGIN: Final = "*"


def _origins(text: str) -> tuple[str, ...]:
    """As browsers write them, without repeats."""
    return tuple(dict.fromkeys(map(_origin, _names(text))))


def _origin(text: str) -> str:
    try:
        return text if text == _ANY_ORIGIN else as_browsers_write(text)
    except ValueError as error:
        raise ValueError(f"{error}, nor {_ANY_ORIGIN}") from None


def _functions_url(text: str) -> FunctionsUrl:
    url = FunctionsUrl.parse(text.strip())
    if url is None:
        raise ValueError(f"{text!r} is no URL of functions, such as http://127.0.0.1:5001")
    return url


def _app_engine_host(text: str) -> AppEngineHost:
    host = AppEngineHost.parse(text)
    if host is None:
        raise ValueError(f"{text!r} is no address, such as http://localhost:8080")
    return host


def _app_engine_services(text: str) -> AppEngineServices:
    return AppEngineServices.parse(_names(text))


def _target_map(text: str) -> TargetMap:
    return TargetMap.parse(_names(text))


def _host_rules(text: str) -> HostRules:
    return HostRules.parse(_names(text))


def _file(text: str) -> str:
    path = text.strip()
    if path and Path(path).is_dir():
        raise ValueError(f"{path!r} is a directory")
    if path and not Path(path).is_file():
        raise ValueError(f"there is no file {path!r}")
    return path


def _queue_yaml(text: str, bounds: QueueBounds = PRODUCTION) -> QueueYaml | None:
    path = _file(text)
    try:
        return read_queue_file(path, bounds) if path else None
    except InvalidArgument as mistake:
        raise ValueError(mistake.message) from None


_UNITS: Final[dict[str, Micros]] = {
    "": SECOND,
    "us": 1,
    "ms": MILLISECOND,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
    "d": DAY,
}
_DURATION: Final = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:us|ms|s|m|h|d))+|[0-9]+(?:\.[0-9]+)?")
_DURATION_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)([a-z]*)")


def read_duration(text: str) -> Micros:
    """Microseconds from `1h30m`, `500ms`, `31d`, `0.5s` or plain seconds. Raises ValueError."""
    if not _DURATION.fullmatch(text.strip()):
        raise ValueError(f"must be a duration such as 8s, 500ms, 1h30m or 31d, not {text!r}")
    parts = _DURATION_PART.findall(text)
    micros = round(sum(Fraction(number) * _UNITS[unit] for number, unit in parts))
    if micros > LONGEST_DURATION:
        raise ValueError(f"must be at most {LONGEST_DURATION // DAY}d, not {text!r}")
    return micros


def _positive_duration(text: str) -> Micros:
    micros = read_duration(text)
    if micros == 0:
        raise ValueError("must be longer than nothing")
    return micros


def choice(*words: str) -> Kind:
    """One of a few words."""

    def read(text: str) -> str:
        if text.strip() not in words:
            raise ValueError(f"must be one of {', '.join(words)}, not {text!r}")
        return text.strip()

    return Kind("|".join(words), read)


def matching(placeholder: str, pattern: re.Pattern[str]) -> Kind:
    """Text that a pattern matches as a whole."""

    def read(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"{text!r} is not a legal {placeholder.lower()} id")
        return text

    return Kind(placeholder, read)


TEXT: Final = Kind("TEXT", _text)
REQUIRED_TEXT: Final = Kind("TEXT", _required_text)
HOST: Final = Kind("HOST", _host)
PORT: Final = Kind("PORT", _port)
COUNT: Final = Kind("NUMBER", _count)
NAMES: Final = Kind("NAME", _names, is_repeatable=True)
ORIGINS: Final = Kind("ORIGIN", _origins, is_repeatable=True)
ISSUER: Final = Kind("URL", issuer_of)
APP_ENGINE_SERVICES: Final = Kind("SERVICE=URL", _app_engine_services, is_repeatable=True)
TARGET_MAP: Final = Kind("ORIGIN=URL", _target_map, is_repeatable=True)
HOST_RULES: Final = Kind("HOST", _host_rules, is_repeatable=True)
FUNCTIONS_URL: Final = Kind("URL", _functions_url)
APP_ENGINE_HOST: Final = Kind("URL", _app_engine_host)
SWITCH: Final = Kind("", _switch, is_switch=True)
FILE: Final = Kind("FILE", _file)
QUEUE_YAML: Final = Kind("FILE", _queue_yaml)
RELAXED_QUEUE_YAML: Final = Kind("FILE", partial(_queue_yaml, bounds=RELAXED))
DURATION: Final = Kind("DURATION", read_duration)
POSITIVE_DURATION: Final = Kind("DURATION", _positive_duration)
