"""Programs that talk to the desk's API, for tests: a token each, and a delivery that is there."""

from dataclasses import dataclass
from typing import Any, Final

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from geoportal import operations
from geoportal.accounts import people, tokens
from geoportal.accounts.roles import Principal, Role
from geoportal.archive import Archive
from tests.desk import OWN, Office, membership
from tests.files import plan, xplangml

DOCUMENT: Final = xplangml(plan())
PERIOD: Final = {
    "art": "behoerden_fruehzeitig", "bekanntmachung": "2026-11-11", "beginn": "2026-11-18", "ende": "2026-12-18",
}  # fmt: skip


@dataclass
class Program:
    """A machine with a token."""

    client: FlaskClient
    token: str

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        options: dict[str, Any] = {"json": body} if isinstance(body, dict) else {"data": body}
        kept = {"Authorization": f"Bearer {self.token}"} | named
        return self.client.open(f"/api/v1{path}", method=method, headers=kept, **options)

    def deliver(self, document: str = DOCUMENT, ags: str = OWN, **headers: str) -> TestResponse:
        return self.ask("PUT", f"/gemeinden/{ags}/lieferungen/plan.gml", document.encode(), **headers)


@dataclass
class Api:
    office: Office

    def program(self, role: Role, ags: str = OWN, scope: str = OWN, name: str = "") -> Program:
        """With all that its role may do, for one Gemeinde."""
        email = f"{role}-{ags}{name}@example.org"
        known = {each.email: each.id for each in people.everybody(self.office.owner)}
        place = membership(role, ags)
        if email not in known:
            people.invite(self.office.owner, email, role.title(), [place], self.office.clock.now)
            known = {each.email: each.id for each in people.everybody(self.office.owner)}
        who = Principal(known[email], role.title(), email, (place,), "-")
        engine = self.office.app.extensions["geoportal.desk"].engine
        may = [each for each in tokens.GRANTABLE if who.may(each, scope, who.account_id)]
        token = tokens.make(engine, who, "Test", scope, may, 30, self.office.clock.now)
        return Program(self.office.app.test_client(), token)

    def process(self, number: int) -> None:
        operations.process(self.office.owner, Archive(self.office.settings.archive), number)
