"""How long a text may be that is a URL, a part of one, or as short as one."""

from taskweir.domain.errors import InvalidArgument
from taskweir.domain.limits import MAX_URL_LENGTH
from taskweir.domain.model import Authorization, OAuthToken


def check_length(field: str, text: str) -> None:
    """Without a bound a queue could outgrow what a client receives, and a token what a target does. Raises
    InvalidArgument."""
    if len(text) > MAX_URL_LENGTH:
        raise InvalidArgument(f"{field} must be at most {MAX_URL_LENGTH} characters.")


def check_token_lengths(token: Authorization) -> None:
    """Raises InvalidArgument."""
    kind, part, value = token_parts(token)
    check_length(f"{kind}.serviceAccountEmail", token.service_account_email)
    check_length(f"{kind}.{part}", value)


def token_parts(token: Authorization) -> tuple[str, str, str]:
    """What errors call the token, and its part that is not the account, and that part."""
    if isinstance(token, OAuthToken):
        return "OAuthToken", "scope", token.scope
    return "OidcToken", "audience", token.audience
