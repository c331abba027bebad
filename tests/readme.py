"""README, taken apart: its blocks of code, and the rows of its table of clients."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
README: Final = (ROOT / "README.md").read_text()
_CODE: Final = re.compile(r"`([^`]+)`")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def block(language: str, having: str) -> str:
    (found,) = [text for text in blocks(language) if having in text]
    return found


@dataclass(frozen=True)
class ClientRow:
    """A client, the code of how it is wired, the versions it speaks, and whether `make test-clients` runs it."""

    client: str
    code: Sequence[str]
    versions: Sequence[str]
    run: str

    def command(self, beginning: str) -> str:
        """The one piece of code that begins so."""
        (found,) = [code for code in self.code if code.startswith(beginning)]
        return found


def client_rows() -> dict[str, ClientRow]:
    """By the client's name."""
    table = README.partition("| client | how | versions | run |\n|---|---|---|---|\n")[2].partition("\n\n")[0]
    found = {}
    for line in table.splitlines():
        client, how, versions, run = (cell.strip() for cell in line.strip("|").split(" |"))
        found[client] = ClientRow(client, _CODE.findall(how), re.findall(r"v\d\w*", versions), run)
    return found
