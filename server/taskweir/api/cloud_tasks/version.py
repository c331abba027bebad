"""What a version of the API has of its own, for the methods that all of them share."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from taskweir.domain.drafts import QueueDraft, TaskDraft


@dataclass(frozen=True, slots=True)
class Version:
    """Typed loosely where messages are meant: those of the versions have no class in common, nor have the modules that
    their stubs are in. What is given here for each version is typed where it is written.

    `calls` is the module of requests and replies, `rest_only` that of what there is over HTTP alone, `batches` the one
    in which the batch calls are. `queue_names` are those of fields in a filter that v2 names otherwise, and
    `own_names` its names of fields by those that refusals have for them, which are v2's. `update_mask` makes the domain's
    mask of the paths of an update, None for all. The codecs take the path in the request of what they read.
    """

    package: str
    calls: Any
    rest_only: Any
    batches: Any
    queue: Any
    queue_draft: Callable[[Any, str], QueueDraft]
    put_queue: Callable[[Any, Any], None]
    queue_names: Mapping[str, str]
    output_only: AbstractSet[str]
    update_mask: Callable[[Sequence[str] | None], Sequence[str] | None]
    task: Any
    task_draft: Callable[[Any, str], TaskDraft]
    put_task: Callable[..., None]
    cmek_config: Any
    own_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def service_name(self) -> str:
        """Of all its methods, also those that are served over HTTP alone."""
        return f"{self.package}.CloudTasks"

    @property
    def reword(self) -> Callable[[str], str] | None:
        """None where there is nothing to reword, so that calls need not pass it."""
        return self.reworded if self.own_names else None

    def reworded(self, message: str) -> str:
        """The message of a refusal, which begins with the name of a field where it is about one, with the version's own
        name for that."""
        name, space, told = message.partition(" ")
        return self.own_names.get(name, name) + space + told
