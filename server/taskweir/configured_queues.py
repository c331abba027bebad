"""The queues that the settings ask for: by --queue, in the config file, and in a queue.yaml."""

from collections.abc import Iterator
from dataclasses import dataclass

from taskweir.domain.drafts import QueueDraft
from taskweir.domain.errors import InvalidArgument, Refusal
from taskweir.domain.names import QueueName
from taskweir.domain.queue_entry import QueueYaml
from taskweir.queue_file import read_queue_file
from taskweir.service.queue_files import QueueFileService
from taskweir.service.queues import QueueService
from taskweir.settings import Settings, SettingsError


def queue_yaml_of(settings: Settings) -> QueueYaml | None:
    """What --queue-yaml names, if it is given. Raises SettingsError."""
    if not settings.queue_yaml:
        return None
    try:
        return read_queue_file(settings.queue_yaml)
    except InvalidArgument as mistake:
        raise SettingsError(mistake.message) from None


@dataclass(frozen=True, slots=True)
class ConfiguredQueues:
    """A queue.yaml comes last: what it lists is as it says, and what the operator named elsewhere it leaves alone."""

    settings: Settings
    queue_yaml: QueueYaml | None
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
            raise SettingsError(refusal.message) from refusal
        except Refusal as refusal:
            raise SettingsError(f"{self.settings.queue_yaml}: {refusal.message}") from refusal

    async def have_again(self, project: str | None) -> None:
        """After a reset of a project, or of all. Raises Refusals."""
        within = "" if project is None else f"projects/{project}/"
        for draft, mask, _ in self._drafts():
            if draft.name.startswith(within):
                await self.queues.configure(draft, mask)
        if project in (None, self.settings.project):
            await self._have_queue_yaml()

    async def _have_queue_yaml(self) -> None:
        if self.queue_yaml is not None:
            named = [name for draft, _, _ in self._drafts() if (name := QueueName.parse(draft.name))]
            await self.queue_files.have(self.settings.project, self.queue_yaml, spared=named)

    def _drafts(self) -> Iterator[tuple[QueueDraft, tuple[str, ...], str]]:
        """Each with the fields that are given, and where they are."""
        for name in self.settings.queues:
            yield QueueDraft(name), (), "--queue"
        for draft, mask, line in self.settings.queue_config:
            yield draft, mask, f"{self.settings.config}:{line}"
