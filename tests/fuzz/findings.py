"""What was found wrong: each kind once, with the first request that showed it."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

_SHOWN: Final = 1_500
"""Characters of a request, and of an answer, that are printed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind` is the same for what is most likely the same fault."""

    kind: str
    request: str
    answer: str


class Findings:
    def __init__(self) -> None:
        self._first: dict[str, Finding] = {}
        self._count: Counter[str] = Counter()

    def add(self, finding: Finding) -> None:
        self._count[finding.kind] += 1
        if finding.kind not in self._first:
            self._first[finding.kind] = finding
            print(f"FOUND {finding.kind}", flush=True)

    def __len__(self) -> int:
        return len(self._first)

    def __str__(self) -> str:
        return "\n".join(
            f"BROKEN: {kind} ({self._count[kind]} times)\n  request: {_cut(finding.request)}\n  answer:  {_cut(finding.answer)}"
            for kind, finding in sorted(self._first.items())
        )


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
