"""Signing in at the Kreis's provider: a real authorization server, reached over HTTP."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import text
from werkzeug.test import TestResponse

from geoportal.accounts import people
from geoportal.accounts.roles import Membership, Role
from geoportal.settings import Provider as ProviderSettings
from geoportal.settings import Settings, SettingsError
from geoportal.web.desk.provider import CALLBACK, memberships_of
from tests.desk import ORIGIN, OTHER, OWN, Browser, Office, cookie, membership, office
from tests.provider import CLIENT, SECRET, Person, Provider, running


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # both sides stand on this machine
    with running(ORIGIN + CALLBACK) as opened:
        yield opened


@pytest.fixture
def desk(database: Settings, provider: Provider) -> Iterator[Office]:
    with office(replace(database, provider=ProviderSettings(provider.url, CLIENT, SECRET, "geoportal"))) as opened:
        yield opened


def invite(desk: Office, provider: Provider, email: str = "kreis@example.org") -> None:
    assert people.invite(desk.owner, email, "K", [], desk.clock.now, issuer=provider.url) is None


def journey(browser: Browser) -> str:
    """To the provider and, as it says, back: the path on which the browser comes home."""
    away = browser.post("/werkbank/anmelden/anbieter")
    assert away.status_code == 303
    back = requests.get(away.location, allow_redirects=False, timeout=120)
    assert back.status_code == 302, back.text
    return back.headers["Location"].removeprefix(ORIGIN)


def come_home(browser: Browser) -> TestResponse:
    return browser.get(journey(browser))


def test_an_invited_account_signs_in_with_the_roles_of_its_groups(desk: Office, provider: Provider) -> None:
    invite(desk, provider)
    provider.person.groups = [f"/geoportal:publisher:{OWN}", "geoportal:planner:99999999", "staff", "geoportal:boss"]
    browser = desk.browser()
    assert come_home(browser).location == "/werkbank/"
    page = browser.get("/werkbank/konto").text
    assert "Freigabe" in page
    assert "Planung<" not in page
    provider.person.groups = [f"geoportal:planner:{OTHER}"]
    provider.person.email = "renamed@example.org"  # known by its subject from now on
    again = desk.browser()
    assert come_home(again).status_code == 303
    with desk.owner.connect() as connection:
        roles = connection.execute(text("SELECT ags, role FROM desk.membership")).all()
    assert [tuple(role) for role in roles] == [(OTHER, "planner")]


def test_nobody_gets_an_account_by_signing_in(desk: Office, provider: Provider) -> None:
    provider.person.groups = ["geoportal:kreis"]
    assert come_home(desk.browser()).status_code == 401
    assert people.everybody(desk.owner) == []


def test_an_address_that_nobody_has_verified_opens_no_account(desk: Office, provider: Provider) -> None:
    invite(desk, provider)
    provider.person.email_verified = False
    assert come_home(desk.browser()).status_code == 401


def test_a_local_account_is_not_taken_over_by_its_address(desk: Office, provider: Provider) -> None:
    desk.hire("kreis@example.org", membership(Role.KREIS))
    assert come_home(desk.browser()).status_code == 401


def test_somebody_else_with_the_same_address_does_not_get_in(desk: Office, provider: Provider) -> None:
    invite(desk, provider)
    assert come_home(desk.browser()).status_code == 303
    provider.person = Person("s-2", "kreis@example.org")
    assert come_home(desk.browser()).status_code == 401


def test_a_locked_account_stays_out(desk: Office, provider: Provider) -> None:
    invite(desk, provider)
    people.lock(desk.owner, "kreis@example.org", desk.clock.now)
    assert come_home(desk.browser()).status_code == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "x"},
        {"nonce": None},
        {"aud": "somebody"},
        {"aud": []},
        {"iss": "http://evil.example"},
        {"exp": 1},
        {"exp": None},
        {"nbf": 4102444800},
        {"azp": "x"},
        {"sub": None},
        {"sub": ""},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_us_is_refused(desk: Office, provider: Provider, claims: dict[str, object]) -> None:
    invite(desk, provider)
    provider.forged_claims = claims
    assert come_home(desk.browser()).status_code == 502


def test_an_id_token_that_has_ended_is_refused(desk: Office, provider: Provider) -> None:
    invite(desk, provider)
    provider.forged_claims = {"exp": time.time() - 3600}
    assert come_home(desk.browser()).status_code == 502


def test_an_id_token_for_several_says_for_whom_it_was_made(desk: Office, provider: Provider) -> None:
    invite(desk, provider)
    provider.forged_claims = {"aud": [CLIENT, "somebody"]}  # OpenID Connect Core 3.1.3.7, 4
    assert come_home(desk.browser()).status_code == 502
    provider.forged_claims |= {"azp": CLIENT}
    assert come_home(desk.browser()).status_code == 303


def test_two_clocks_may_differ_by_less_than_a_minute(desk: Office, provider: Provider) -> None:
    invite(desk, provider)
    now = time.time()
    provider.forged_claims = {"iat": now + 30, "nbf": now + 30}
    assert come_home(desk.browser()).status_code == 303


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def by_hand(algorithm: str, claims: dict[str, Any], secret: bytes | None) -> str:
    """A token as no library would make it."""
    header = {"alg": algorithm, "kid": "k", "typ": "JWT"}
    body = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    return f"{body}." + ("" if secret is None else encoded(hmac.digest(secret, body.encode(), hashlib.sha256)))


@pytest.mark.parametrize("kind", ["none", "None", "public key", "own secret", "own key inside"])
def test_an_id_token_that_is_signed_in_another_way_is_refused(desk: Office, provider: Provider, kind: str) -> None:
    invite(desk, provider)
    own = RSAKey.generate_key(2048, {"kid": "k"})

    def sign(claims: dict[str, Any], key: RSAKey) -> str:
        if kind == "public key":
            return by_hand("HS256", claims, key.as_pem(private=False))
        if kind == "own secret":
            return by_hand("HS256", claims, SECRET.encode())
        if kind == "own key inside":
            return jwt.encode({"alg": "RS256", "kid": "k", "jwk": own.as_dict(private=False)}, claims, own)
        return by_hand(kind, claims, None)

    provider.forged_signing = sign
    assert come_home(desk.browser()).status_code == 502
    provider.forged_signing = None
    assert come_home(desk.browser()).status_code == 303


def test_an_id_token_of_another_key_is_refused(desk: Office, provider: Provider) -> None:
    invite(desk, provider)
    provider.forged_key = RSAKey.generate_key(2048, {"kid": "k"})
    assert come_home(desk.browser()).status_code == 502


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 403),
        ({"acr": "1", "amr": ["pwd"]}, 403),
        ({"acr": None, "amr": "mfa"}, 403),
        ({"acr": "2"}, 303),
        ({"amr": ["pwd", "mfa"]}, 303),
        ({"acr": "2", "auth_time": 1_600_000_000}, 403),
    ],
    ids=str,
)
def test_how_somebody_was_recognised_has_to_be_strong_enough(
    database: Settings, provider: Provider, claims: dict[str, object], status: int
) -> None:
    strict = ProviderSettings(
        provider.url, CLIENT, SECRET, "geoportal", acr=frozenset({"2"}), amr=frozenset({"mfa", "hwk"})
    )
    with office(replace(database, provider=strict)) as desk:
        invite(desk, provider)
        provider.forged_claims = claims
        answer = come_home(desk.browser())
    assert answer.status_code == status
    assert ("zweiten Faktor" in answer.text) is (status == 403)


def test_a_provider_is_asked_for_the_strength_that_is_wanted(database: Settings, provider: Provider) -> None:
    strict = ProviderSettings(provider.url, CLIENT, SECRET, "geoportal", acr=frozenset({"2", "3"}))
    with office(replace(database, provider=strict)) as desk:
        asked = parse_qs(urlsplit(desk.browser().post("/werkbank/anmelden/anbieter").location).query)
    assert (asked["acr_values"], asked["max_age"]) == (["2 3"], ["43200"])


def test_an_answer_belongs_to_the_browser_that_asked(desk: Office, provider: Provider) -> None:
    invite(desk, provider)
    mine, theirs = desk.browser(), desk.browser()
    path = journey(mine)
    assert theirs.get(path).status_code == 502, "no journey of its own"
    journey(theirs)
    assert theirs.get(path).status_code == 502, "another state"
    assert mine.get(path).status_code == 303
    assert mine.get(path).status_code == 502, "a code is good once"


@pytest.mark.parametrize("change", ["state missing", "code missing", "state of another", "issuer of another"])
def test_an_answer_that_was_tampered_with_is_not_even_shown_to_the_provider(
    desk: Office, provider: Provider, change: str
) -> None:
    invite(desk, provider)
    browser = desk.browser()
    path, _, query = journey(browser).partition("?")
    given = {name: value for name, [value] in parse_qs(query).items()}
    match change.split():
        case [name, "missing"]:
            del given[name]
        case ["state", *_]:
            given["state"] = "x" * 43
        case _:
            given["iss"] = "http://evil.example"  # RFC 9207, against mix-up
    asked = provider.asked
    assert browser.get(path, query_string=given).status_code == 502
    assert provider.asked == asked


def test_a_code_that_was_stolen_is_worth_nothing_in_another_journey(desk: Office, provider: Provider) -> None:
    invite(desk, provider)
    path, _, stolen = journey(desk.browser()).partition("?")
    thief = desk.browser()
    own = parse_qs(journey(thief).partition("?")[2])
    mixed = {"code": parse_qs(stolen)["code"][0], "state": own["state"][0]}
    assert thief.get(path, query_string=mixed).status_code == 502, "its verifier is the victim's (PKCE)"
    assert provider.refused == 1


def test_after_the_sign_in_nobody_is_led_elsewhere(desk: Office, provider: Provider) -> None:
    invite(desk, provider)
    browser = desk.browser()
    assert browser.get(journey(browser) + "&weiter=https://evil.example/").location == "/werkbank/"


def test_who_signs_out_is_out_although_the_provider_still_knows_them(desk: Office, provider: Provider) -> None:
    invite(desk, provider)
    browser = desk.browser()
    come_home(browser)
    browser.get("/werkbank/konto")
    kept = cookie(browser)
    assert browser.post("/werkbank/abmelden").status_code == 303
    browser.client.set_cookie("sid", kept or "", domain="localhost")
    assert browser.get("/werkbank/konto").status_code == 303
    assert browser.get("/werkbank/konto").location.startswith("/werkbank/anmelden")


def test_the_first_cookie_is_short_and_for_us_only(desk: Office, provider: Provider) -> None:
    said = desk.browser().post("/werkbank/anmelden/anbieter").headers["Set-Cookie"]
    assert "Max-Age=600" in said
    assert "HttpOnly" in said


def test_a_provider_that_is_away_is_told(desk: Office) -> None:
    away = replace(desk.settings, provider=ProviderSettings("http://127.0.0.1:9", CLIENT, SECRET, "geoportal"))
    with office(away) as alone:
        assert alone.browser().post("/werkbank/anmelden/anbieter").status_code == 502


def test_groups_become_roles() -> None:
    groups = ["geoportal:kreis", "geoportal:auditor", "geoportal:kreis:06534008", "geoportal:planner", "other:kreis"]
    assert list(memberships_of(groups, "geoportal")) == [Membership("*", Role.KREIS), Membership("*", Role.AUDITOR)]


def test_half_a_provider_is_none() -> None:
    with pytest.raises(SettingsError, match="GEOPORTAL_OIDC_CLIENT_SECRET"):
        Settings.from_env({"GEOPORTAL_OIDC_ISSUER": "https://x", "GEOPORTAL_OIDC_CLIENT_ID": "x"})
