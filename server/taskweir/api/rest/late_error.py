"""Errors that are raised later than they come: where every call is counted."""

from typing import NoReturn


class LateError:
    """Raises an error, once.

    It holds the error no more then. The error's traceback holds the frames that it goes through, these hold this, and
    the frames it came from hold the request's body: a circle, which would stay until garbage is collected.
    """

    def __init__(self, error: Exception) -> None:
        self._errors = [error]

    def __call__(self) -> NoReturn:
        raise self._errors.pop()
