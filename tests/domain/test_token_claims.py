"""What tokens say."""

import re

import pytest

from taskweir.domain.model import OAuthToken, OidcToken
from taskweir.domain.times import HOUR, SECOND
from taskweir.domain.token_claims import CLAIMS, DEFAULT_SCOPE, access_token, account_number, id_claims

ACCOUNT = "mail@p.iam.gserviceaccount.com"
NOW = 1_700_000_000 * SECOND + 999_999
SECRET = b"s" * 32


def test_an_id_token_has_production_s_claims_and_no_others() -> None:
    """Times are whole seconds, and never ahead of the clock."""
    assert id_claims(OidcToken(ACCOUNT, "https://t/a?b"), "https://issuer", NOW) == {
        "iss": "https://issuer",
        "aud": "https://t/a?b",
        "sub": account_number(ACCOUNT),
        "azp": account_number(ACCOUNT),
        "email": ACCOUNT,
        "email_verified": True,
        "iat": 1_700_000_000,
        "exp": 1_700_003_600,
    }
    assert tuple(id_claims(OidcToken(ACCOUNT, "a"), "i", NOW)) == CLAIMS


def test_an_account_has_one_number_for_ever() -> None:
    """Of 21 digits, as production's; another account has another."""
    assert account_number(ACCOUNT) == "161861289577761748937"
    assert account_number(ACCOUNT.upper()) == account_number(ACCOUNT)
    numbers = {account_number(f"{n}@p") for n in range(1_000)}
    assert len(numbers) == 1_000
    assert all(re.fullmatch(r"1\d{20}", number) for number in numbers)


def test_an_access_token_is_the_same_for_an_hour() -> None:
    """In production's form, for the account and the scope; without a scope for the usual one."""
    token = OAuthToken(ACCOUNT, "scope")
    text = access_token(token, SECRET, 5 * HOUR)
    assert re.fullmatch(r"ya29\.[\w.-]{80,}", text)
    assert access_token(token, SECRET, 6 * HOUR - 1) == text
    assert access_token(OAuthToken(ACCOUNT), SECRET, NOW) == access_token(
        OAuthToken(ACCOUNT, DEFAULT_SCOPE), SECRET, NOW
    )


@pytest.mark.parametrize(
    ("token", "secret", "now"),
    [
        (OAuthToken("other@p", "scope"), SECRET, 5 * HOUR),
        (OAuthToken(ACCOUNT, "scope2"), SECRET, 5 * HOUR),
        (OAuthToken(ACCOUNT + "s", "cope"), SECRET, 5 * HOUR),
        (OAuthToken(ACCOUNT, "scope"), b"t" * 32, 5 * HOUR),
        (OAuthToken(ACCOUNT, "scope"), SECRET, 6 * HOUR),
    ],
)
def test_another_account_scope_secret_or_hour_has_another_access_token(
    token: OAuthToken, secret: bytes, now: int
) -> None:
    """Nothing can be told of one from another."""
    assert (
        access_token(token, secret, now)[:20]
        != access_token(OAuthToken(ACCOUNT, "scope"), SECRET, 5 * HOUR)[:20]
    )
