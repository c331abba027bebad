"""What differs between generations of Google's APIs over HTTP, beside their methods and messages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from taskweir.api.rest.envelope import google_envelope
from taskweir.domain.errors import Refusal

Envelope: TypeAlias = Callable[[Refusal, int, bool], Mapping[str, Any]]
"""A refusal, its HTTP status, and whether the client asked for the list of errors that older formats have, as JSON."""


@dataclass(frozen=True, slots=True)
class RestStyle:
    """How a service answers. `passes_over_unknown` is of names in JSON, and of query parameters, that are no fields of
    the request; `indents` is what prettyPrint is where a client does not say; `empty_is_no_content` answers 204 with
    no body where the reply is google.protobuf.Empty; `writes_defaults` is of the reply's fields that have no value;
    `only_json` has no other answers."""

    envelope: Envelope = google_envelope
    passes_over_unknown: bool = False
    indents: bool = False
    empty_is_no_content: bool = False
    writes_defaults: bool = False
    only_json: bool = False


GOOGLE: Final = RestStyle()
"""Today's."""
