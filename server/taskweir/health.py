"""Whether the server can do its work."""

import logging
from typing import Final, Protocol

_LOG: Final = logging.getLogger("taskweir.server")


class SetServing(Protocol):
    """Tells the outside."""

    def __call__(self, *, serving: bool) -> None: ...


class Health:
    """It can while the store can write, and every part that works by itself is still there."""

    def __init__(self) -> None:
        self.stopping = False
        self._set_serving: SetServing | None = None
        self._of_store: str | None = None
        self._of_parts: str | None = None

    @property
    def trouble(self) -> str | None:
        """Why it cannot, or None."""
        return self._of_parts or self._of_store

    def open(self, set_serving: SetServing, store_trouble: str | None) -> None:
        """From now on the health service says what there is to say."""
        self._set_serving = set_serving
        self.store_says(store_trouble)

    def store_says(self, trouble: str | None) -> None:
        self._of_store = trouble
        self._tell()

    def part_ended(self, name: str, error: BaseException | None) -> None:
        """A part that was to work until the server stops."""
        if self.stopping:
            return
        _LOG.critical("the %s has ended; the server must be started again", name, exc_info=error)
        self._of_parts = f"the {name} has ended"
        self._tell()

    def _tell(self) -> None:
        if self._set_serving is not None:
            self._set_serving(serving=self.trouble is None)
