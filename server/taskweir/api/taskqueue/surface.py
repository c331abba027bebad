"""The old taskqueue API as it is served over HTTP."""

from collections.abc import Sequence
from typing import Final

from taskweir.api.methods import Service
from taskweir.api.rest.style import RestStyle
from taskweir.api.taskqueue.envelope import old_envelope
from taskweir.api.taskqueue.pull_tasks import PullTasks
from taskweir.api.taskqueue.v1beta1 import taskqueue_v1beta1_service
from taskweir.api.taskqueue.v1beta2 import taskqueue_service

OLD_STYLE: Final = RestStyle(
    envelope=old_envelope,
    passes_over_unknown=True,
    indents=True,
    empty_is_no_content=True,
    only_json=True,
)


def taskqueue_services(pull: PullTasks) -> Sequence[Service]:
    """Of both editions."""
    return [taskqueue_service(pull), taskqueue_v1beta1_service(pull)]
