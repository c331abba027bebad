"""IAM policies on queues: kept and shown. Access is not checked: whoever reaches the server may do everything."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from taskweir.domain.errors import Aborted, InvalidArgument, QueueNotFound, quoted
from taskweir.domain.iam import Policy
from taskweir.domain.name_rules import queue_of
from taskweir.store.base import Store

_PERMISSION: Final = re.compile(r"cloudtasks\.(queues|tasks)\.[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class PolicyService:
    """GetIamPolicy, SetIamPolicy, TestIamPermissions."""

    store: Store

    async def get(self, resource: str) -> Policy:
        return await self.store.get_policy(queue_of(resource))

    async def set(self, resource: str, policy: Policy, etag: bytes) -> Policy:
        """Replace the policy; an etag that is given must be the current one's."""
        queue = queue_of(resource)
        _check_policy(policy)

        def replace(current: Policy) -> Policy:
            if etag and etag != current.etag:
                raise Aborted(
                    "There were concurrent policy changes. "
                    "Please retry the whole read-modify-write with exponential backoff."
                )
            return policy

        return await self.store.set_policy(queue, replace)

    async def test(self, resource: str, permissions: Sequence[str]) -> Sequence[str]:
        """All that were asked for, on a queue that exists; none on one that does not."""
        queue = queue_of(resource)
        for permission in permissions:
            if not _PERMISSION.fullmatch(permission):
                raise InvalidArgument(f"Permission {quoted(permission)} is not valid for this resource.")
        try:
            await self.store.get_queue(queue)
        except QueueNotFound:
            return ()
        return permissions


def _check_policy(policy: Policy) -> None:
    if policy.version not in (0, 1, 3):
        raise InvalidArgument("Policy version must be 0, 1 or 3.")
    for binding in policy.bindings:
        if not binding.role:
            raise InvalidArgument("Policy bindings must have a role.")
        if binding.condition is not None and policy.version != 3:
            raise InvalidArgument("Conditional role bindings need policy version 3.")
