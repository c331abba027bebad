"""The names under which clients know the types of the stubs, which are generated under names of their own."""

from typing import Final

_STUBS: Final = "taskweir_pb."
_TRUE: Final = "google.cloud.tasks."


def true_name(full_name: str) -> str:
    """taskweir_pb.v2.Queue as google.cloud.tasks.v2.Queue; any other name as it is."""
    return _TRUE + full_name.removeprefix(_STUBS) if full_name.startswith(_STUBS) else full_name
