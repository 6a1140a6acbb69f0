"""A house in which people deliver, check and publish, for tests: by the desk's verbs, without its pages."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import Engine, text

from geoportal import deliveries, operations, workflow
from geoportal.accounts import people
from geoportal.accounts.roles import Principal, Role
from geoportal.archive import Archive
from geoportal.database import desk_engine, owner_engine
from geoportal.deliveries import Delivered
from geoportal.settings import Settings
from tests.desk import OWN, membership
from tests.files import feature, plan, polygon, prop, xplangml

TODAY = date(2026, 11, 26)
OBJEKT = feature(
    "BP_BaugebietsTeilFlaeche", "o", prop("position", polygon()) + prop("besondereArtDerBaulNutzung", "1200")
)


@dataclass
class House:
    """People who deliver and publish by the verbs of the desk, and what became of it."""

    settings: Settings
    owner: Engine
    engine: Engine
    archive: Archive
    people: dict[str, Principal] = field(default_factory=dict)

    def somebody(self, role: Role, ags: str = OWN, name: str = "") -> Principal:
        email = f"{role}-{ags}{name}@example.org"
        if email not in self.people:
            place = membership(role, ags)
            people.invite(self.owner, email, f"{role} {name}", [place], self.now)
            number = next(each.id for each in people.everybody(self.owner) if each.email == email)
            self.people[email] = Principal(number, str(role), email, (place,), "10.0.0.0/24")
        return self.people[email]

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def deliver(self, who: Principal, document: str, ags: str = OWN, name: str = "plan.gml") -> int:
        data = document.encode()
        return workflow.deliver(self.engine, self.archive, who, ags, name, io.BytesIO(data), len(data))

    def checked(self, who: Principal, document: str | None = None) -> int:
        number = self.deliver(who, document or xplangml(plan(), OBJEKT))
        operations.process(self.owner, self.archive, number)
        return number

    def one(self, number: int) -> Delivered:
        with self.owner.connect() as connection:
            found = deliveries.one(connection, number)
        assert found is not None
        return found

    def stamp(self, number: int) -> str:
        with self.owner.connect() as connection:
            found = self.one(number)
            return workflow.stamp(found.sha256, deliveries.versions(connection, found.delivery_id))

    def publish(self, who: Principal, number: int, on: date | None = None, seen: str = "") -> None:
        seen = seen or self.stamp(number)
        workflow.publish(self.engine, self.archive, who, number, seen=seen, on=on, today=TODAY)

    def published(self, who: Principal, document: str | None = None) -> int:
        number = self.checked(who, document)
        workflow.submit(self.engine, who, number)
        self.publish(self.somebody(Role.PUBLISHER), number)
        return number

    def public(self) -> list[str]:
        with self.owner.connect() as connection:
            return list(connection.scalars(text("SELECT name FROM ogc.plaene ORDER BY name")))

    def plan_id(self) -> UUID:
        """Of the first plan that came."""
        with self.owner.connect() as connection:
            found = connection.scalar(text("SELECT plan_id FROM plans.version ORDER BY id LIMIT 1"))
        assert isinstance(found, UUID)
        return found


@contextmanager
def housed(settings: Settings) -> Iterator[House]:
    owner, engine = owner_engine(settings.require_database_url()), desk_engine(settings.require_desk_url())
    operations.prepare(owner)
    yield House(settings, owner, engine, Archive(settings.archive))
    owner.dispose()
    engine.dispose()
