"""Handlers that verify tokens with the libraries of their own, against the server's pages."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import requests
from google.auth.transport.requests import Request as Transport
from google.oauth2 import id_token
from tests.api.surfaces.every_surface import SURFACES, ids
from tests.api.surfaces.surface import Surface
from tests.tokens.verifying import ISSUER, VERIFIERS, Verify, claims_of, token_of

import taskweir.testing
from taskweir.domain.token_claims import account_number
from taskweir.testing import Handler, Project, Request, Server
from taskweir.tokens.signing_key import SigningKey

ACCOUNT = "mail@p.iam.gserviceaccount.com"
ONE_ATTEMPT = {"retry_config": {"max_attempts": 1}}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Whose tokens tell its own time; it is real but for tests of that."""
    with taskweir.testing.server(in_process=True, tokens_follow_clock=True) as server:
        yield server


@pytest.fixture(scope="module")
def other() -> Iterator[Server]:
    """With a key of its own."""
    with taskweir.testing.server(in_process=True) as server:
        yield server


@pytest.fixture
def project(server: Server) -> Iterator[Project]:
    project = server.project()
    yield project
    server.clock.resume()
    project.reset()


@pytest.fixture
def handler() -> Iterator[Handler]:
    with Handler() as handler:
        yield handler


@pytest.fixture(params=VERIFIERS)
def verify(request: pytest.FixtureRequest) -> Verify:
    return VERIFIERS[request.param]


def verifying(handler: Handler, verify: Verify, base: str, audience: str) -> list[Exception]:
    """Have it answer 204 or 401; what the library said."""
    said: list[Exception] = []

    def check(request: Request) -> int:
        try:
            verify(token_of(request), base, audience)
        except Exception as error:
            said.append(error)
            return 401
        return 204

    handler.always(check)
    return said


def sent(project: Project, url: str, **token: Any) -> int | None:
    """What the one attempt of a task was answered."""
    queue = project.queue("q", **ONE_ATTEMPT)
    oidc = {"service_account_email": ACCOUNT, **token}
    project.client().create_task(parent=queue, task={"http_request": {"url": url, "oidc_token": oidc}})
    project.wait_idle()
    (attempt,) = project.attempts()
    return attempt.status


def base(server: Server) -> str:
    return f"http://{server.http_address}"


@pytest.mark.parametrize("audience", ["", "https://api.example.com"])
def test_a_handler_that_verifies_takes_the_token(
    server: Server, project: Project, handler: Handler, verify: Verify, audience: str
) -> None:
    """For the audience of the task, or else for the whole URL."""
    url = handler.url("/mail?to=ada")
    said = verifying(handler, verify, base(server), audience or url)
    assert (sent(project, url, audience=audience), said) == (204, [])
    claims = claims_of(handler.requests[0])
    assert abs(claims["iat"] - time.time()) < 30
    assert claims == {
        "iss": ISSUER,
        "aud": audience or url,
        "sub": account_number(ACCOUNT),
        "azp": account_number(ACCOUNT),
        "email": ACCOUNT,
        "email_verified": True,
        "iat": claims["iat"],
        "exp": claims["iat"] + 3_600,
    }


def test_google_s_own_check_passes_with_nothing_but_the_address_swapped(
    server: Server, project: Project, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """verify_oauth2_token looks at the issuer too."""
    url = handler.url()
    theirs = id_token._GOOGLE_OAUTH2_CERTS_URL
    monkeypatch.setattr(
        id_token, "_GOOGLE_OAUTH2_CERTS_URL", theirs.replace("https://www.googleapis.com", base(server))
    )

    def by_its_own(token: str, _: str, audience: str) -> Any:
        with requests.Session() as session:
            return id_token.verify_oauth2_token(token, Transport(session), audience)

    said = verifying(handler, by_its_own, "", url)
    assert (sent(project, url), said) == (204, [])


def test_a_token_for_another_audience_is_not_taken(
    server: Server, project: Project, handler: Handler, verify: Verify
) -> None:
    """As where a handler expects its origin, and the token is for the whole URL."""
    said = verifying(handler, verify, base(server), handler.url())
    assert sent(project, handler.url("/mail")) == 401
    assert "audience" in str(said[0]).lower()


def test_an_expired_token_is_not_taken(
    server: Server, project: Project, handler: Handler, verify: Verify
) -> None:
    """Minted by a clock that was set back."""
    said = verifying(handler, verify, base(server), handler.url())
    server.clock.freeze(datetime.now(UTC) - timedelta(hours=2))
    assert sent(project, handler.url()) == 401
    assert "expired" in str(said[0]).lower()


def test_a_token_of_another_key_is_not_taken(
    other: Server, project: Project, handler: Handler, verify: Verify
) -> None:
    """Against the keys of another server."""
    said = verifying(handler, verify, base(other), handler.url())
    assert sent(project, handler.url()) == 401
    assert said


def test_a_forged_token_is_not_taken(
    server: Server, project: Project, handler: Handler, verify: Verify
) -> None:
    """With the right key's id, and another's signature."""
    url = handler.url()
    sent(project, url)
    token = token_of(handler.requests[0])
    claims, header = claims_of(handler.requests[0]), jwt.get_unverified_header(token)
    forged = jwt.encode(dict(claims), SigningKey.made()._private, "RS256", header)
    assert forged.rpartition(".")[0] == token.rpartition(".")[0]
    assert verify(token, base(server), url) == claims
    with pytest.raises(Exception, match=r"(?i)signature"):
        verify(forged, base(server), url)


def test_every_attempt_has_a_token_of_its_own(server: Server, project: Project, handler: Handler) -> None:
    """Retries, runs and second deliveries too."""
    server.clock.freeze(datetime(2030, 1, 1, tzinfo=UTC))
    start = int(datetime(2030, 1, 1, tzinfo=UTC).timestamp())
    handler.answers(503, 503, 200)
    queue = project.queue("q", retry_config={"min_backoff": timedelta(seconds=100)})
    request = {"url": handler.url(), "oidc_token": {"service_account_email": ACCOUNT}}
    task = project.client().create_task(parent=queue, task={"http_request": request})
    project.wait_idle()
    server.clock.advance(seconds=10)
    project.client().run_task(name=task.name)
    handler.wait_for(2)
    project.wait_idle()
    project.faults.attempts(queue).deliver_twice(times=1)
    server.clock.advance(seconds=1_000)
    first, forced, *twice = [claims_of(request)["iat"] - start for request in handler.requests]
    assert (first, forced) == (0, 10)
    assert len(twice) == 2
    assert twice[0] == twice[1] > 100


def test_times_of_tokens_are_real_unless_they_follow_the_clock(other: Server, handler: Handler) -> None:
    """google-auth refuses tokens from the future, and those who move the clock have handlers that verify."""
    project = other.project()
    other.clock.freeze(datetime(2040, 1, 1, tzinfo=UTC))
    assert sent(project, handler.url()) == 200
    other.clock.resume()
    assert abs(claims_of(handler.requests[0])["iat"] - time.time()) < 30


@pytest.mark.parametrize(("version", "transport"), SURFACES, ids=ids(SURFACES))
def test_tokens_are_asked_for_in_every_version(
    server: Server, project: Project, handler: Handler, version: Any, transport: Any
) -> None:
    """Both kinds, over gRPC and REST."""
    surface = Surface(version, transport, project.client(version, transport=transport))
    queue = project.queue("q")
    for kind in ("oidc_token", "oauth_token"):
        request = {
            "url": handler.url(f"/{kind}"),
            "headers": {"Authorization": "mine"},
            kind: {"service_account_email": ACCOUNT},
        }
        surface.ask("create_task", parent=queue, task={"http_request": request})
    project.wait_idle()
    tokens = {request.path: token_of(request) for request in handler.requests}
    assert (
        VERIFIERS["PyJWT"](tokens["/oidc_token"], base(server), handler.url("/oidc_token"))["email"]
        == ACCOUNT
    )
    assert tokens["/oauth_token"].startswith("ya29.")
