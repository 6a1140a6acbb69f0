"""Signing in at the Kreis's own provider: OpenID Connect, authorization code with PKCE, state and nonce."""

import re
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from geoportal.accounts import hidden, people
from geoportal.accounts.roles import Membership, Role
from geoportal.settings import Provider
from plans_ingest.gemeinden import gemeinde_of

CALLBACK: Final = "/werkbank/anmelden/anbieter/zurueck"
_TIMEOUT: Final = 10  # seconds
_KEEP: Final = 3600  # seconds that the provider's own description is believed
_RECENT: Final = 12 * 3600  # seconds since the provider has last asked who it is: as long as a session of ours
_LEEWAY: Final = 60  # seconds by which two clocks may differ
_ALGORITHMS: Final = ["RS256", "PS256", "ES256"]  # never none, never HS256 with a public key


class ProviderError(Exception):
    """The provider is away, or has not recognised anybody as it should."""


class TooWeak(ProviderError):
    """The provider has made sure of somebody in a weaker way, or longer ago, than is wanted here."""


@dataclass(frozen=True, slots=True)
class Journey:
    """What must be the same when the browser comes back: kept in a cookie of its own for ten minutes."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Journey":
        return cls(hidden.new_secret(), hidden.new_secret(), hidden.new_secret())

    @classmethod
    def parse(cls, text: str) -> "Journey | None":
        parts = text.split(".")
        return cls(*parts) if len(parts) == 3 and all(re.fullmatch(r"[\w-]{43}", part) for part in parts) else None

    def __str__(self) -> str:
        return f"{self.state}.{self.nonce}.{self.verifier}"


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whom the provider has recognised. `email` only where it says that it has made sure of it."""

    issuer: str
    subject: str
    email: str | None
    memberships: tuple[Membership, ...]


class ProviderClient:
    """Talks to the provider; asks for its description when it is first needed, and again every hour."""

    def __init__(self, provider: Provider, public_url: str) -> None:
        self._provider = provider
        self._callback = public_url + CALLBACK
        self._lock = threading.Lock()
        self._known: tuple[float, Mapping[str, Any], KeySet] | None = None

    def address(self, journey: Journey) -> str:
        """Where to send the browser. Raises ProviderError."""
        described, _ = self._description()
        wanted = {"acr_values": " ".join(sorted(self._provider.acr))} if self._provider.acr else {}
        url, _ = self._session().create_authorization_url(
            described["authorization_endpoint"],
            state=journey.state,
            nonce=journey.nonce,
            code_verifier=journey.verifier,
            max_age=_RECENT,
            **wanted,
        )
        return str(url)

    def recognise(self, journey: Journey, answer: Mapping[str, str]) -> Recognised:
        """Whom the answer with which the browser came back is about. Raises ProviderError, TooWeak."""
        if not hidden.same(journey.state, answer.get("state", "")) or not answer.get("code"):
            raise ProviderError("state")
        # RFC 9207: an answer that names its issuer must name ours
        if answer.get("iss", self._provider.issuer).rstrip("/") != self._provider.issuer:
            raise ProviderError("issuer of the answer")
        described, keys = self._description()
        try:
            told = self._session().fetch_token(
                described["token_endpoint"],
                grant_type="authorization_code",
                code=answer["code"],
                code_verifier=journey.verifier,
                timeout=_TIMEOUT,
            )
            claims = jwt.decode(str(told.get("id_token", "")), keys, algorithms=_ALGORITHMS).claims
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY,
                iss={"essential": True, "value": described["issuer"]},
                sub={"essential": True},
                aud={"essential": True, "value": self._provider.client_id},
                exp={"essential": True},
                nonce={"essential": True, "value": journey.nonce},
            ).validate(claims)
        except (AuthlibBaseError, JoseError, requests.RequestException, ValueError) as fault:
            raise ProviderError(type(fault).__name__) from fault
        # OpenID Connect Core 3.1.3.7: a token for several says which of them it was made for
        for_several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if for_several else self._provider.client_id) != self._provider.client_id:
            raise ProviderError("azp")
        self._require_strength(claims)
        verified = claims.get("email") if claims.get("email_verified") is True else None
        groups = claims.get("groups", [])
        memberships = tuple(memberships_of(groups if isinstance(groups, list) else [], self._provider.group_prefix))
        return Recognised(self._provider.issuer, str(claims["sub"]), verified, memberships)

    def _require_strength(self, claims: Mapping[str, Any]) -> None:
        """Raises TooWeak; a claim that is missing counts as the weakest (ASVS V6.8.4)."""
        methods, at = claims.get("amr"), claims.get("auth_time")
        used = set(map(str, methods)) if isinstance(methods, list) else set()
        own = self._provider
        if (own.acr or own.amr) and str(claims.get("acr")) not in own.acr and not own.amr & used:
            raise TooWeak("acr, amr")
        if isinstance(at, int | float) and at < time.time() - _RECENT - _LEEWAY:
            raise TooWeak("auth_time")

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self._provider.client_id,
            self._provider.client_secret,
            scope="openid email profile",
            redirect_uri=self._callback,
            code_challenge_method="S256",
        )

    def _description(self) -> tuple[Mapping[str, Any], KeySet]:
        with self._lock:
            if self._known is None or self._known[0] < time.monotonic() - _KEEP:
                try:
                    described = self._get(f"{self._provider.issuer}/.well-known/openid-configuration")
                    keys = KeySet.import_key_set(self._get(described["jwks_uri"]))
                except (requests.RequestException, JoseError, KeyError, ValueError) as fault:
                    raise ProviderError(type(fault).__name__) from fault
                # OpenID Connect Discovery 4.3: the issuer must be the one that was asked
                if described["issuer"].rstrip("/") != self._provider.issuer:
                    raise ProviderError("issuer")
                self._known = time.monotonic(), described, keys
            return self._known[1], self._known[2]

    def _get(self, url: str) -> Any:
        answer = requests.get(url, timeout=_TIMEOUT)
        answer.raise_for_status()
        return answer.json()


def memberships_of(groups: Iterable[Any], prefix: str) -> Iterable[Membership]:
    """`geoportal:planner:06534008`, `geoportal:kreis`; Keycloak puts a slash before. Others are not ours."""
    for group in groups:
        match str(group).removeprefix("/").split(":"):
            case [start, role, *place] if start == prefix and role in set(Role) and len(place) <= 1:
                try:
                    membership = people.require_place(Role(role), place[0] if place else None)
                except ValueError:
                    continue
                if not place or gemeinde_of(place[0]) is not None:
                    yield membership
