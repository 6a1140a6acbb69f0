"""A collection's number changes with every change of what is public, in the same transaction, and with nothing else."""

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from geoportal import data_versions, operations
from geoportal.data_versions import DataVersions
from geoportal.database import reader_engine
from geoportal.settings import CHECKOUT
from tests.files import plan, prop, write, xplangml
from tests.integration.test_delivery import OBJEKT, Portal, portal
from tests.ogc import schulen

__all__ = ["portal"]

BP = {"bebauungsplaene", "plaene", "planversionen", "planinhalte", "plandokumente", "geltungsbereiche"}


class Watch:
    """What has changed since the last look."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._seen: dict[object, object] = {}
        self.changed()

    def changed(self) -> set[object]:
        now = {row[0]: row[1] for row in self._portal.public("SELECT collection, version FROM ogc.data_version")}
        changed = {name for name, version in now.items() if self._seen.get(name) != version}
        self._seen = now
        return changed


def test_a_publication_changes_the_collections_of_its_planwerk(portal: Portal) -> None:
    watch = Watch(portal)
    portal.deliver(xplangml(plan(), OBJEKT))
    changed = watch.changed()
    assert changed >= BP
    assert "flaechennutzungsplaene" not in changed
    portal.deliver(xplangml(plan("f", klasse="FP_Plan", name="FNP", nummer="")))
    changed = watch.changed()
    assert {"flaechennutzungsplaene", "plaene"} <= changed
    assert "bebauungsplaene" not in changed


def test_what_is_not_public_changes_nothing(portal: Portal) -> None:
    portal.deliver(xplangml(plan(), OBJEKT))
    watch = Watch(portal)
    portal.deliver(xplangml(plan(), OBJEKT))  # the same once more
    portal.deliver(xplangml(plan(name="Ohne Umriss", nummer="9", outline=" ")))  # kept, but not publishable
    operations.prepare(portal.engine)  # codes and Gemeinden as they are
    assert watch.changed() == set()


def test_withdrawing_restoring_and_merging_are_told(portal: Portal) -> None:
    [first] = portal.deliver(xplangml(plan(), OBJEKT)).outcomes
    watch = Watch(portal)
    operations.withdraw(portal.engine, first.id, "Irrtum")
    assert watch.changed() >= BP
    operations.restore(portal.engine, first.id, 1, "doch nicht")
    assert watch.changed() >= BP
    [other] = portal.deliver(xplangml(plan(nummer="77", name="Am Sonnenhang"))).outcomes
    watch.changed()
    operations.merge(portal.engine, other.id, first.id)
    assert watch.changed() >= BP | {"planadressen"}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE plans.planobjekt SET beschriftung = 'WR'",
        "DELETE FROM plans.planobjekt",
        "UPDATE plans.dokument SET sha256 = repeat('0', 64)",
        "UPDATE plans.code SET label = label || '!' WHERE enumeration = 'BP_Rechtsstand' AND code = '4000'",
        "UPDATE plans.gemeinde SET name = 'Neustadt' WHERE ags = '06534008'",
    ],
)
def test_what_belongs_to_a_public_plan_cannot_change_unnoticed(portal: Portal, change: str) -> None:
    reference = prop(
        "externeReferenz",
        "<xplan:XP_SpezExterneReferenz><xplan:referenzName>Satzung</xplan:referenzName>"
        "<xplan:referenzURL>https://example.org/s.pdf</xplan:referenzURL></xplan:XP_SpezExterneReferenz>",
    )
    portal.deliver(xplangml(plan(extra=reference), OBJEKT))
    watch = Watch(portal)
    with portal.engine.begin() as connection:
        assert connection.execute(text(change)).rowcount == 1
    assert watch.changed() >= BP


def test_a_change_that_is_rolled_back_is_not_told(portal: Portal) -> None:
    portal.deliver(xplangml(plan(), OBJEKT))
    watch = Watch(portal)
    with portal.engine.connect() as connection:
        connection.execute(text("DELETE FROM plans.planobjekt"))
        connection.rollback()
    assert watch.changed() == set()


def test_a_layer_changes_its_own_number_and_only_with_its_rows(portal: Portal, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "data").mkdir(parents=True)
    (home / "layers").mkdir()
    (home / "layers" / "schulen").symlink_to(CHECKOUT / "layers" / "schulen")
    write(home / "data" / "schulen.csv", schulen())
    watch = Watch(portal)
    operations.sync_layers(portal.engine, portal.at(home))
    assert watch.changed() == {"schulen"}
    write(home / "data" / "schulen.csv", "keine;Schulen\n")
    [synced] = operations.sync_layers(portal.engine, portal.at(home))
    assert synced.fault
    assert watch.changed() == {"layer_state"}


def test_versions_of_one_process_are_fresh_after_a_second(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    versions = DataVersions(portal.reader)
    before = versions.of("bebauungsplaene"), versions.of("flaechennutzungsplaene"), versions.of()
    portal.deliver(xplangml(plan()))
    assert versions.of("bebauungsplaene") == before[0], "not asked again within the second"
    now[0] += data_versions.ASK_AGAIN_SECONDS
    assert versions.of("bebauungsplaene") != before[0]
    assert versions.of("flaechennutzungsplaene") == before[1]
    assert versions.of() != before[2]
    assert versions.of("bebauungsplaene", "something_new") == versions.of(), "an unknown name depends on everything"


def test_a_second_thread_does_not_wait_for_the_one_that_asks(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    versions = DataVersions(portal.reader)
    known = versions.of("bebauungsplaene")
    now[0] += data_versions.ASK_AGAIN_SECONDS
    with portal.engine.begin() as blocker:
        blocker.execute(text("LOCK TABLE plans.data_version IN ACCESS EXCLUSIVE MODE"))
        asking = threading.Thread(target=versions.of, args=("bebauungsplaene",))
        asking.start()
        while not versions._lock.locked():
            pass
        assert versions.of("bebauungsplaene") == known
        assert asking.is_alive()
    asking.join()


def test_without_a_database_the_last_version_stays(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = reader_engine("postgresql://nobody@127.0.0.1:1/nothing")
    versions = DataVersions(nowhere)
    assert versions.of("bebauungsplaene") is None
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    versions = DataVersions(portal.reader)
    known = versions.of("bebauungsplaene")
    monkeypatch.setattr(versions, "_engine", nowhere)
    now[0] += data_versions.ASK_AGAIN_SECONDS
    assert versions.of("bebauungsplaene") == known


def test_the_ready_outlines_can_be_restored(portal: Portal) -> None:
    """pg_restore works with an empty search path, and computes generated columns anew."""
    portal.deliver(xplangml(plan()))
    with portal.engine.begin() as connection:
        connection.execute(text("SET LOCAL search_path TO ''"))
        assert connection.execute(text("UPDATE plans.publication SET geom = geom")).rowcount == 1
    [row] = portal.public("SELECT geojson FROM ogc.bebauungsplaene")
    assert str(row[0]).startswith('{"type":"MultiPolygon"')
