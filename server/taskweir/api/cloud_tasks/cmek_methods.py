"""The methods of encryption keys."""
# ruff: noqa: ANN401, N802 - messages are of the version's own classes; methods are named as the protocol has it

from typing import Any, Final

from taskweir.api.call import Call
from taskweir.api.cloud_tasks.field_mask import settable_paths
from taskweir.api.cloud_tasks.methods import Methods
from taskweir.service.cmek import CmekConfig

_OUTPUT_ONLY: Final = frozenset({"name"})


class CmekMethods(Methods):
    async def GetCmekConfig(self, request: Any, call: Call) -> Any:
        return self._cmek_message(await self.services.cmek.get(request.name))

    async def UpdateCmekConfig(self, request: Any, call: Call) -> Any:
        config = request.cmek_config
        mask = settable_paths(request.update_mask, self.version.cmek_config, _OUTPUT_ONLY)
        if mask is not None and "kms_key" not in mask:
            return self._cmek_message(await self.services.cmek.get(config.name))
        return self._cmek_message(await self.services.cmek.update(config.name, config.kms_key))

    def _cmek_message(self, config: CmekConfig) -> Any:
        return self.version.cmek_config(name=config.name, kms_key=config.kms_key)
