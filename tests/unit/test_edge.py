"""What every request meets first and every answer passes last."""

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, redirect, url_for
from werkzeug.test import Client, TestResponse

from geoportal.accounts.hidden import new_secret
from geoportal.edge import Edge, headers_for, observe
from geoportal.logs import JsonLines
from geoportal.settings import Settings

SETTINGS = replace(Settings.from_env({}), public_url="https://plaene.example.de")


def inner() -> Flask:
    app = Flask("inner")

    @app.get("/")
    def start() -> str:
        return url_for("plan", number=1, _external=True)

    @app.get("/plan/<int:number>/")
    def plan(number: int) -> str:
        return str(number)

    @app.get("/brief/<secret>")
    def letter(secret: str) -> str:
        return "nur für Sie"

    @app.get("/away")
    def away() -> Any:
        return redirect("https://other.example.org/x")

    observe(app)
    return app


def client(settings: Settings = SETTINGS, application: Any = None) -> Client:
    return Client(Edge(application or inner(), settings, headers_for(settings, ["https://karte.example.org"])))


def test_a_false_host_gets_into_no_answer_and_no_redirect() -> None:
    for headers in ({"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}):
        answer = client().get("/", headers=headers)
        assert "evil" not in answer.text
        redirected = client().get("/plan/1", headers=headers)
        assert redirected.status_code == 308
        assert redirected.headers["Location"] == "/plan/1/"


def test_a_redirect_to_another_host_stays_one() -> None:
    assert client().get("/away").headers["Location"] == "https://other.example.org/x"


@pytest.mark.parametrize("host", ["a b", "x@y", "x/y", "x\\y", "a" * 300])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    assert client().get("/", headers={"Host": host}).status_code == 400


def test_headers_are_on_every_answer_also_on_a_refusal_and_on_a_fault() -> None:
    def broken(_environ: object, _start: object) -> Iterable[bytes]:
        raise RuntimeError("secret path /srv/x")

    fault = client(application=broken).get("/")
    assert fault.status_code == 500
    assert "secret" not in fault.text
    for answer in (client().get("/"), client().get("/nothing"), client().get("/" + "x" * 9000), fault):
        policy = answer.headers["Content-Security-Policy"]
        assert "img-src 'self' data: blob: https://karte.example.org;" in policy
        assert "unsafe" not in policy
        assert answer.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert len(answer.headers["X-Request-ID"]) >= 8


@pytest.mark.parametrize(
    ("kind", "is_page"),
    [
        ("text/html; charset=utf-8", True),
        ("image/svg+xml", True),
        ("application/xml", True),
        ("application/json", True),
        ("", True),
        ("text/javascript; charset=utf-8", False),
        ("text/css; charset=utf-8", False),
        ("image/webp", False),
        ("application/vnd.mapbox-vector-tile", False),
    ],
)
def test_what_is_never_a_page_has_the_shortest_policy_and_none_of_the_other_headers_of_pages(
    kind: str, is_page: bool
) -> None:
    def typed(_environ: object, start: Callable[..., object]) -> Iterable[bytes]:
        start("200 OK", [("Content-Type", kind)] if kind else [])
        return [b""]

    answer = client(application=typed).get("/")
    told = {"Cross-Origin-Opener-Policy", "Referrer-Policy", "Permissions-Policy"} & set(answer.headers.keys())
    assert len(told) == (3 if is_page else 0)
    assert (answer.headers["Content-Security-Policy"] == "default-src 'none'") == (not is_page)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert {"Strict-Transport-Security", "Cross-Origin-Resource-Policy"} <= set(answer.headers.keys())


def test_without_tls_nothing_is_said_about_it() -> None:
    plain = replace(SETTINGS, public_url="http://localhost:8080")
    assert "Strict-Transport-Security" not in client(plain).get("/").headers


def test_what_is_too_large_is_refused_before_it_is_read() -> None:
    assert client().get("/", query_string="q=" + "x" * 8000).status_code == 414
    assert client().post("/", environ_overrides={"CONTENT_LENGTH": str(2**40)}).status_code == 413


def asked(address: str, settings: Settings, times: int) -> list[TestResponse]:
    served = client(settings)
    return [served.get("/", environ_base={"REMOTE_ADDR": address}) for _ in range(times)]


def test_a_network_that_asks_too_much_is_told_when_to_come_again() -> None:
    answers = asked("198.51.100.7", replace(SETTINGS, requests_per_second=5), 40)
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 15
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert "Zu viele Anfragen" in refused[0].text
    assert {answer.status_code for answer in asked("127.0.0.1", replace(SETTINGS, requests_per_second=5), 40)} == {200}


def test_forwarded_addresses_count_only_when_the_operator_has_named_a_proxy() -> None:
    forged = [{"X-Forwarded-For": f"203.0.113.{number}"} for number in range(40)]
    direct = client(replace(SETTINGS, requests_per_second=5))
    statuses = [
        direct.get("/", headers=header, environ_base={"REMOTE_ADDR": "198.51.100.7"}).status_code for header in forged
    ]
    assert 429 in statuses, "a forged header must not make a network into many"
    behind = client(replace(SETTINGS, requests_per_second=5, trusted_proxies=1))
    proxy = {"REMOTE_ADDR": "10.0.0.1"}
    assert {behind.get("/", headers=header, environ_base=proxy).status_code for header in forged} == {200}


def test_the_log_has_the_request_and_nobodys_address(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "geoportal.access"):
        behind = client(replace(SETTINGS, trusted_proxies=1))
        behind.get(
            "/plan/7/?q=Musterweg+3", headers={"X-Forwarded-For": "203.0.113.9", "X-Request-ID": "0123456789abcdef"}
        )
    [record] = caplog.records
    line = JsonLines().format(record)
    assert json.loads(line).items() >= {"route": "/plan/<int:number>/", "path": "/plan/7/", "status": 200}.items()
    assert "203.0.113" not in line
    assert "Musterweg" not in line


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/brief/{}"),
        ("GET", "/brief/{}/"),
        ("GET", "/brief/{}/x.pdf"),
        ("PUT", "/brief/{}"),
    ],
)
def test_a_key_gets_into_no_log_even_where_the_address_is_not_quite_right(
    caplog: pytest.LogCaptureFixture, method: str, address: str
) -> None:
    secret = new_secret()
    with caplog.at_level(logging.INFO, "geoportal.access"):
        client().open(address.format(secret), method=method)
    [line] = [JsonLines().format(record) for record in caplog.records]
    assert "/brief/" in line
    assert secret not in line


def test_a_line_break_in_a_name_makes_no_second_line() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "read %s", ('a\n{"level": "error"}\x1b[31m',), None)
    assert "\n" not in JsonLines().format(record)
    assert "\x1b" not in JsonLines().format(record)
