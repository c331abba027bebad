"""Handlers that are closed together."""

from contextlib import ExitStack

from taskweir.testing.handler import Handler


class Handlers(ExitStack):
    """Each is closed, whatever closing another raises."""

    def add(self) -> Handler:
        return self.enter_context(Handler())
