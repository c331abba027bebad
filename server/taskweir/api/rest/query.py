"""The query of a request: the fields it sets, and what it says about the answer in the parameters that every Google API
has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor

from taskweir.api.rest.field_selection import Selection, selection
from taskweir.api.rest.style import RestStyle
from taskweir.domain.errors import InvalidArgument, quoted

Form = Literal["json", "media", "proto"]

_SYSTEM: Final = frozenset(
    {
        "access_token",
        "alt",
        "callback",
        "fields",
        "key",
        "oauth_token",
        "prettyPrint",
        "quotaUser",
        "uploadType",
        "upload_protocol",
        "userIp",
    }
)
"""Parameters that are no fields, and so is whatever begins with $: most have a second name with it."""
FORMS: Final[Mapping[str, tuple[Form, bool]]] = {
    "": ("json", False),
    "json": ("json", False),
    "json;enum-encoding=int": ("json", True),
    "media": ("media", False),
    "proto": ("proto", False),
}
"""Values of alt: the form, and whether enums are numbers in it."""
_SWITCH: Final[Mapping[str, bool]] = {"true": True, "1": True, "false": False, "0": False}
_FIRST_FORMAT: Final = "1"


@dataclass(frozen=True, slots=True)
class Query:
    """`fields` by their names as sent, `system` without the $ that a name may begin with."""

    fields: Mapping[str, Sequence[str]]
    system: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidArgument for what is no UTF-8 when percent-decoded."""
        if not text:
            return cls({}, {})
        try:
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
        except UnicodeDecodeError as error:
            raise InvalidArgument("The URL is not valid UTF-8 when percent-decoded.") from error
        fields: dict[str, list[str]] = {}
        system: dict[str, str] = {}
        for name, value in pairs:
            if name in _SYSTEM or name.startswith("$"):
                system.setdefault(name.removeprefix("$"), value)
            else:
                fields.setdefault(name, []).append(value)
        return cls(fields, system)

    @property
    def token(self) -> str:
        """The credential in it, if any."""
        return self.system.get("access_token") or self.system.get("oauth_token") or ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a client wants to be answered. `fields` is None for all, `indents` None where it does not say, and
    `lists_errors` is of the first of the two formats of refusals."""

    form: Form = "json"
    enums_as_numbers: bool = False
    fields: Selection | None = None
    indents: bool | None = None
    lists_errors: bool = False

    @classmethod
    def by(cls, query: Query, reply: Descriptor | None = None) -> Self:
        """`reply` is the method's, where one is called. Raises InvalidArgument."""
        system = query.system
        if not system:
            return cls()
        form, enums_as_numbers = _form(system.get("alt", ""))
        fields = system.get("fields")
        return cls(
            form,
            enums_as_numbers,
            selection(fields, reply) if fields and reply is not None else None,
            _switch(system.get("prettyPrint", "")),
            system.get(".xgafv") == _FIRST_FORMAT,
        )

    def is_indented(self, style: RestStyle) -> bool:
        return style.indents if self.indents is None else self.indents


def _form(alt: str) -> tuple[Form, bool]:
    try:
        return FORMS[alt]
    except KeyError:
        raise InvalidArgument(
            f'Invalid value for the parameter alt: "{quoted(alt)}". It may be json, media or proto.'
        ) from None


def _switch(value: str) -> bool | None:
    if value and value not in _SWITCH:
        raise InvalidArgument(
            f'Invalid value for the parameter prettyPrint: "{quoted(value)}". It may be true or false.'
        )
    return _SWITCH.get(value)
