"""The names under which clients know the types of the stubs, which are generated under names of their own."""

from typing import Final

_STUBS: Final = "taskweir_pb."
_CLOUD_TASKS: Final = "google.cloud.tasks."
_OURS: Final = "taskweir."


def true_name(full_name: str) -> str:
    """taskweir_pb.v2.Queue as google.cloud.tasks.v2.Queue, taskweir_pb.control.v1.Clock as taskweir.control.v1.Clock;
    any name that is no stub's as it is."""
    if not full_name.startswith(_STUBS):
        return full_name
    name = full_name.removeprefix(_STUBS)
    # A version stands at the top; what is ours has a folder above it.
    return (_CLOUD_TASKS if name.startswith("v") else _OURS) + name
