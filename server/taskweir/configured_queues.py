"""The queues that the settings ask for: by --queue, in the config file, and in a queue.yaml."""

from collections.abc import Iterator
from dataclasses import dataclass

from taskweir.domain.drafts import QueueDraft
from taskweir.domain.errors import InvalidArgument, Refusal
from taskweir.domain.names import QueueName
from taskweir.service.queue_files import QueueFileService
from taskweir.service.queues import QueueService
from taskweir.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class ConfiguredQueues:
    """A queue.yaml comes last: what it lists is as it says, and what the operator named elsewhere it leaves alone."""

    settings: Settings
    queues: QueueService
    queue_files: QueueFileService

    async def have(self) -> None:
        """At start. Raises SettingsError, which says where what cannot be had was asked for."""
        for draft, mask, where in self._drafts():
            try:
                await self.queues.configure(draft, mask)
            except Refusal as refusal:
                raise SettingsError(f"{where}: {refusal.message}") from refusal
        try:
            await self._have_queue_yaml()
        except InvalidArgument as refusal:
            # It begins with the file and the line.
            raise SettingsError(refusal.message) from refusal
        except Refusal as refusal:
            raise SettingsError(f"--queue-yaml: {refusal.message}") from refusal

    async def have_again(self, project: str | None) -> None:
        """After a reset of a project, or of all. Raises Refusals."""
        within = "" if project is None else f"projects/{project}/"
        for draft, mask, _ in self._drafts():
            if draft.name.startswith(within):
                await self.queues.configure(draft, mask)
        if project in (None, self.settings.project):
            await self._have_queue_yaml()

    async def _have_queue_yaml(self) -> None:
        if (file := self.settings.queue_yaml) is not None:
            named = [name for draft, _, _ in self._drafts() if (name := QueueName.parse(draft.name))]
            await self.queue_files.have(self.settings.project, file, spared=named)

    def _drafts(self) -> Iterator[tuple[QueueDraft, tuple[str, ...], str]]:
        """Each with the fields that are given, and where they are."""
        for name in self.settings.queues:
            yield QueueDraft(name), (), "--queue"
        for draft, mask, line in self.settings.queue_config:
            yield draft, mask, f"{self.settings.config}:{line}"
