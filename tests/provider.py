"""An OpenID Connect provider of the tests' own, on Authlib's server side: it insists on PKCE and checks its clients."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, Response, jsonify, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "geoportal", "only-for-the-tests"


@dataclass
class Person:
    sub: str
    email: str
    email_verified: bool = True
    groups: list[str] = field(default_factory=list)

    def get_user_id(self) -> str:
        return self.sub


@dataclass
class Provider:
    """`person` is who sits before it; what is `forged` changes the claims of an ID token, its key or how it is signed.
    `asked` counts the codes that were shown to it, `refused` those for which it gave no token.
    """

    url: str = ""
    person: Person = field(default_factory=lambda: Person("s-1", "kreis@example.org"))
    forged_claims: dict[str, Any] = field(default_factory=dict)
    forged_key: RSAKey | None = None
    forged_signing: Callable[[dict[str, Any], RSAKey], str] | None = None
    asked: int = 0
    refused: int = 0
    callback: str = ""


class _Client:
    client_id = CLIENT

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def check_redirect_uri(self, uri: str) -> bool:
        return uri == self.provider.callback

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_client_secret(self, secret: str) -> bool:
        return secret == SECRET

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return kind == "authorization_code"


@dataclass
class _Code:
    """What was asked for when the code was given."""

    asked: dict[str, str]
    person: Person

    def get_redirect_uri(self) -> str | None:
        return self.asked.get("redirect_uri")

    def get_scope(self) -> str:
        return self.asked.get("scope", "")

    def get_nonce(self) -> str | None:
        return self.asked.get("nonce")

    @property
    def code_challenge(self) -> str | None:
        return self.asked.get("code_challenge")

    @property
    def code_challenge_method(self) -> str | None:
        return self.asked.get("code_challenge_method")


def _signed(claims: dict[str, Any], key: RSAKey) -> str:
    return jwt.encode({"alg": "RS256", "kid": "k"}, claims, key)


@contextmanager
def running(callback: str) -> Iterator[Provider]:
    app, provider = Flask("provider"), Provider(callback=callback)
    key = RSAKey.generate_key(2048, {"kid": "k"})
    codes: dict[str, _Code] = {}

    class Grant(AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

        def save_authorization_code(self, code: str, request: Any) -> None:
            codes[code] = _Code(dict(request.payload.data), provider.person)

        def query_authorization_code(self, code: str, _client: Any) -> Any:
            return codes.get(code)

        def delete_authorization_code(self, authorization_code: Any) -> None:
            for code in [code for code, known in codes.items() if known is authorization_code]:
                del codes[code]

        def authenticate_user(self, authorization_code: Any) -> Any:
            return authorization_code.person

    class OpenID(OpenIDCode):
        def exists_nonce(self, _nonce: str, _request: Any) -> bool:
            return False

        def process_token(self, grant: Any, response: Any) -> Any:
            _, token, _ = response
            person, code = grant.request.user, grant.request.authorization_code
            claims = {"iss": provider.url, "aud": CLIENT, "exp": 4102444800, "iat": 0, "nonce": code.get_nonce()}
            claims |= {"sub": person.sub, "email": person.email, "email_verified": person.email_verified}
            claims |= {"groups": person.groups} | provider.forged_claims
            sign = provider.forged_signing or _signed
            token["id_token"] = sign(claims, provider.forged_key or key)
            return token

    server = AuthorizationServer(app, lambda _: _Client(provider), lambda token, _: None)
    server.register_grant(Grant, [CodeChallenge(required=True), OpenID(require_nonce=True)])

    @app.get("/.well-known/openid-configuration")
    def description() -> Response:
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return jsonify({"issuer": provider.url} | {name: f"{provider.url}/{path}" for name, path in places.items()})

    @app.get("/keys")
    def keys() -> Response:
        return jsonify({"keys": [key.as_dict(private=False)]})

    @app.get("/authorize")
    def authorize() -> Response:
        grant = server.get_consent_grant(end_user=provider.person)
        return server.create_authorization_response(request=request, grant_user=provider.person, grant=grant)

    @app.post("/token")
    def token() -> Response:
        answer: Response = server.create_token_response()
        provider.asked += 1
        provider.refused += answer.status_code != 200
        return answer

    web = make_server("127.0.0.1", 0, app, threaded=True)
    provider.url = f"http://127.0.0.1:{web.port}"
    app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"authorization_code": 60}
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    yield provider
    web.shutdown()
    thread.join()
