"""`make bench-pages`: what each public page costs the server, and the search question by question, in two tables.

CPU milliseconds of our process and of PostgreSQL's, because a busy machine makes answers late but not dear. Each page
is asked in a process of its own making, without HTTP, in rounds, so that whatever else is done meets all alike. The
database, with the plans and layers of the demo beside invented plans and addresses, is kept for the next run.
"""

import argparse
import gzip
import os
import platform
import random
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psycopg
from werkzeug.test import Client

from geoportal import demo, operations, sample_participation, sample_people, wsgi
from geoportal.archive import archive_of
from geoportal.database import owner_engine
from geoportal.database.cluster import Cluster
from geoportal.database.migrating import migrate
from geoportal.places.importing import import_file
from geoportal.settings import CHECKOUT, Settings
from geoportal.web.words import BERLIN
from tests import files
from tests.benchmarks import stock, streets

PAGE: Final = CHECKOUT / "docs" / "performance.md"
BEGIN, END = "<!-- written by make bench-pages -->", "<!-- end of pages -->"
_ROUNDS: Final = 4
_OBJECTS: Final = 2_000  # of the plan that has many


_PLAN: Final = """
    SELECT id, ST_X(place), ST_Y(place), ags FROM (
        SELECT plan.id, plan.ags, (SELECT count(*) FROM ogc.planinhalte WHERE plan_id = plan.id) AS contents,
            ST_Transform(ST_PointOnSurface(plan.geom), 4326) AS place
        FROM ogc.plaene AS plan WHERE {which}) AS plan
    ORDER BY {order}, id LIMIT 1"""


def pages(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Addresses by what they are called. Of the plans, the one with the most contents and a usual one."""
    large, usual, running = (
        connection.execute(_PLAN.format(which=which, order=order)).fetchone() or (None,) * 4
        for which, order in (
            ("plan.id IN (SELECT plan_id FROM ogc.planinhalte) AND status = 'in_kraft'", "contents DESC"),
            (
                "plan.id IN (SELECT plan_id FROM ogc.planinhalte) AND status = 'in_kraft' AND planwerk = 'BP'",
                "abs(contents - 40)",
            ),
            ("plan.id IN (SELECT plan_id FROM participation.beteiligung)", "contents DESC"),
        )
    )
    address, parcel, school, former = (
        connection.execute(statement).fetchone()[0]  # type: ignore[index]  # the demo has them all
        for statement in (
            "SELECT id FROM ogc.adressen ORDER BY id LIMIT 1",
            "SELECT kennzeichen FROM ogc.flurstuecke ORDER BY kennzeichen LIMIT 1",
            "SELECT id FROM ogc.schulen ORDER BY id LIMIT 1",
            "SELECT (published_at + interval '1 day')::date FROM plans.version ORDER BY published_at LIMIT 1",
        )
    )
    plan, lon, lat, ags = usual
    here = f"lon={lon:.6f}&lat={lat:.6f}"
    return {
        "Karte": "/",
        "Karte, eingebettet": "/?embed",
        "Was gilt hier? Frage": "/hier",
        "Was gilt hier?": f"/hier?{here}",
        "… in einem Plan mit 2 000 Objekten": f"/hier?lon={large[1]:.6f}&lat={large[2]:.6f}",
        "… ohne Plan": "/hier?lon=8.9&lat=50.905",
        "… Adresse": f"/hier?adresse={quote(address)}",
        "… Flurstück": f"/hier?flurstueck={quote(parcel)}",
        "Suche, Straße": "/suche?q=bahnhofstr",
        "Suche, Adresse": "/suche?q=Bahnhofstr.%2012%20Kirchhain",
        "Suche mit Tippfehlern": "/suche?q=Banhofstrase%2012%20Kirchain",
        "Vorschläge (JSON)": "/suche?q=bahnhofstr&f=json",
        "Pläne": "/plaene",
        "Pläne, Gemeinde, in Kraft, Zeitraum": f"/plaene?gemeinde={ags}&status=in_kraft&von=1990-01-01&bis=2020-01-01",
        "Pläne, Wörter": "/plaene?q=sonnenwiese",
        "Pläne, Seite 50": "/plaene?seite=50",
        "Pläne, in Beteiligung": "/plaene?beteiligung=laufend",
        "Pläne an einem früheren Tag": f"/plaene?stand={former}",
        "Ein Plan": f"/plan/{plan}",
        "Ein Plan mit 2 000 Objekten": f"/plan/{large[0]}",
        "Ein Plan im Verfahren": f"/plan/{running[0]}",
        "QR-Code eines Plans": f"/plan/{plan}/qr.svg",
        "Gemeinden": "/gemeinden/",
        "Eine Gemeinde": f"/gemeinde/{ags}/",
        "Ihre Bebauungspläne": f"/gemeinde/{ags}/bebauungsplaene/",
        "Ihre Flächennutzungspläne": f"/gemeinde/{ags}/flaechennutzungsplaene/",
        "Ihre Beteiligungen": f"/gemeinde/{ags}/beteiligung/",
        "Beteiligung": "/beteiligung/",
        "Beteiligung zu einem Plan": f"/beteiligung/{running[0]}",
        "Atom, alle Pläne": "/abo/plaene.atom",
        "Atom, eine Gemeinde": f"/abo/plaene.atom?gemeinde={ags}",
        "Atom, Umkreis": f"/abo/plaene.atom?{here}&umkreis=500",
        "Kalender": "/abo/termine.ics",
        "Themen": "/themen/",
        "Ein Thema": "/thema/schulen/",
        "Ein Thema in der Nähe": f"/thema/schulen/?{here}",
        "Eine Schule": f"/thema/schulen/{school}",
        "Drucken": "/drucken",
        "Drucken eines Plans": f"/drucken?plan={plan}",
        "Drucken, 2 000 Objekte": f"/drucken?plan={large[0]}",
        "Downloads": "/downloads/",
        "Unterlagen (JSON)": "/dokumente.json",
        "Ohne Netz": "/offline/",
        "Impressum": "/impressum/",
        "Datenschutz": "/datenschutz/",
        "Barrierefreiheit": "/barrierefreiheit/",
        "Nicht gefunden": "/gibt-es-nicht",
        "OGC API, HTML": "/ogc/?f=html",
        "… Sammlungen": "/ogc/collections?f=html",
        "… eine Sammlung": "/ogc/collections/bebauungsplaene?f=html",
        "… ihre Objekte": "/ogc/collections/bebauungsplaene/items?f=html",
        "… ein Objekt": f"/ogc/collections/bebauungsplaene/items/{plan}?f=html",
        "… der Katalog": "/ogc/collections/katalog/items?f=html",
        "… ein Eintrag": "/ogc/collections/katalog/items/bebauungsplaene?f=html",
    }


def questions(dice: random.Random) -> dict[str, str]:
    """What somebody types for one of the streets, by the kind of spelling."""
    _, place, part, street = dice.choice([each for each in streets.streets() if "straße" in each[3].lower()])
    house = dice.randrange(1, 25)
    short, bare = (street.replace("traße", spelt) for spelt in ("tr.", "trasse"))
    gap = dice.randrange(1, len(street) - 2)
    twisted = street[:gap] + street[gap + 1] + street[gap] + street[gap + 2 :]
    umlauts = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
    return {
        "ein Buchstabe": street[0],
        "zwei Buchstaben": street[:2],
        "halbe Straße": street[: len(street) // 2],
        "Straße und Ort": f"{street} {place}",
        "Adresse": f"{street} {house}, {place}",
        "Adresse mit Ortsteil": f"{place}-{part}, {street} {house}",
        "„Str.“": f"{short} {house} {place}",
        "„strasse“, „ae“": f"{bare} {house} {place}".translate(umlauts).lower(),
        "ein Tippfehler": f"{twisted} {house} {place}",
        "drei Tippfehler": f"{twisted.replace('str', 'stt').replace('Str', 'Stt')} {house} {place[:-2]}x",
        "Unsinn": "".join(dice.choices("qwxyzjkv", k=9)),
        "Flurstück": f"Gemarkung {dice.choice(['Amöneburg', 'Kirchhain', 'Cölbe'])} Flur 1 Flurstück {house}/2",
        "Koordinaten": f"{50.8 + dice.random() / 10:.5f}, {8.7 + dice.random() / 10:.5f}",
        "Plan": f"Bebauungsplan Nr. {dice.randrange(20_000)}",
    }


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU milliseconds of our process and of the database; milliseconds until the answer was there."""

    python: float
    database: float
    waited: float


class Meter:
    """Asks the portal as somebody from outside, and counts what that costs."""

    def __init__(self, settings: Settings, connection: psycopg.Connection[Any]) -> None:
        self._client = Client(wsgi.create(settings))
        self._connection = connection

    def get(self, path: str, expected: Sequence[int] = (200,)) -> bytes:
        answer = self._client.get(path, headers={"Accept": "text/html,*/*;q=0.8", "Accept-Language": "de"})
        if answer.status_code not in expected:
            raise SystemExit(f"{path}: {answer.status_code}: {answer.text[:300]}")
        content: bytes = answer.data
        return content

    def spent(self, path: str, times: int, expected: Sequence[int] = (200,)) -> Spent:
        """For each of so many requests."""
        before = self._database()
        waited, python = time.perf_counter(), time.process_time()
        for _ in range(times):
            self.get(path, expected)
        python, waited = time.process_time() - python, time.perf_counter() - waited
        database = sum(spent - before.get(pid, 0) for pid, spent in self._database().items())
        return Spent(1000 * python / times, database / 1e6 / times, 1000 * waited / times)

    def _database(self) -> dict[int, int]:
        """Nanoseconds on the processor so far, by connection, as Linux accounts them to processes of one thread."""
        rows = self._connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchall()
        spent = {}
        for [pid] in rows:
            with suppress(FileNotFoundError):  # one that has just been closed
                spent[pid] = int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[0])
        return spent


def cost_of_pages(meter: Meter, addresses: Mapping[str, str], requests: int) -> list[list[str]]:
    found: dict[str, list[Spent]] = {name: [] for name in addresses}
    sizes = {}
    codes = {name: (404,) if name == "Nicht gefunden" else (200,) for name in addresses}
    for _ in range(_ROUNDS):
        for name, path in addresses.items():
            for _ in range(3):  # templates, plans of statements, what is remembered
                content = meter.get(path, codes[name])
            sizes[name] = len(gzip.compress(content, 5))
            found[name].append(meter.spent(path, max(1, requests // _ROUNDS), codes[name]))
    rows = []
    for name, rounds in found.items():
        python, database = (
            statistics.median(getattr(each, part) for each in rounds) for part in ("python", "database")
        )
        rows.append([name, f"{sizes[name] / 1000:.1f}", f"{python:.1f}", f"{database:.1f}", f"{python + database:.1f}"])
    return rows


def cost_of_search(meter: Meter, number: int) -> list[list[str]]:
    dice = random.Random(stock.SEED)  # noqa: S311 - the same questions in every run
    asked = [questions(dice) for _ in range(number)]
    for each in asked[:3]:
        for question in each.values():
            meter.get(_search(question))
    rows = []
    for kind in asked[0]:
        spent = [meter.spent(_search(each[kind]), 1) for each in asked]
        sums = sorted(each.python + each.database for each in spent)
        waited = sorted(each.waited for each in spent)
        rows.append([kind, *_spread(sums), *_spread(waited)])
    return rows


def _search(question: str) -> str:
    return f"/suche?f=json&q={quote(question)}"


def _spread(values: Sequence[float]) -> list[str]:
    """Half of them, 95 of 100, and the largest; `values` in order."""
    return [f"{values[int(share * (len(values) - 1))]:.1f}" for share in (0.5, 0.95, 1)]


@contextmanager
def filled(folder: Path, plans: int, addresses: int) -> Iterator[Settings]:
    """A database with it all, made once."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in (folder, folder.parent):
        each.chmod(0o711)  # PostgreSQL is another account
    with Cluster(folder / "postgres", durable=False) as cluster:
        settings = replace(
            cluster.settings(Settings.from_env({})), data=folder / "data", run=folder / "run", requests_per_second=0
        )
        settings.data.mkdir(exist_ok=True)
        engine = owner_engine(cluster.url)
        if not (folder / "stock").exists():
            stock.build(settings, folder / "layers", plans, 1_000)
            with psycopg.connect(cluster.url) as connection:
                connection.execute("SELECT places.index_plan(id) FROM ogc.plaene")
            (folder / "stock").touch()
        if not (folder / "built").exists():
            demo.fill(engine, settings)
            operations.deliver(engine, archive_of(settings), _large_plan(folder / "gross.gml"))
            streets.write(folder / "hauskoordinaten.txt", addresses)
            began = time.monotonic()
            print(import_file(engine, "addresses", folder / "hauskoordinaten.txt"), f"{time.monotonic() - began:.0f} s")
            sample_people.welcome(engine, settings)
            sample_participation.announce(engine, datetime.now(BERLIN).date())
            with psycopg.connect(cluster.url, autocommit=True) as connection:
                connection.execute("DROP SCHEMA IF EXISTS peer CASCADE")
                connection.execute("VACUUM ANALYZE")
            (folder / "built").touch()
        migrate(engine)
        engine.dispose()
        yield settings


def _large_plan(file: Path) -> Path:
    side = 50
    squares = [(10 * (number % side), 10 * (number // side)) for number in range(_OBJECTS)]
    areas = [
        files.feature(
            "BP_AllgemeinesWohngebiet" if number % 2 else "BP_BaugebietsTeilFlaeche",
            f"flaeche{number}",
            files.prop("position", files.polygon(f"{x} {y} {x + 10} {y} {x + 10} {y + 10} {x} {y + 10} {x} {y}"))
            + files.prop("rechtscharakter", "1000")
            + files.link("gehoertZuBereich", "bereich")
            + files.prop("flaechenschluss", "true")
            + files.prop("GRZ", "0.4"),
        )
        for number, (x, y) in enumerate(squares)
    ]
    height = 10 * _OBJECTS // side
    outline = files.polygon(f"0 0 {10 * side} 0 {10 * side} {height} 0 {height} 0 0")
    plan = files.plan(name="Sehr große Musterfläche", nummer="2000", outline=outline)
    return files.write(file, files.xplangml(plan, files.bereich(), *areas))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-pages", description=__doc__)
    parser.add_argument("--plans", type=int, default=20_000)
    parser.add_argument("--addresses", type=int, default=500_000)
    parser.add_argument("--requests", type=int, default=40, help="of each page")
    parser.add_argument("--questions", type=int, default=60, help="of each kind")
    parser.add_argument("--only", default="", help="pages whose name holds this; nothing else is measured")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(CHECKOUT)}")
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    folder = CHECKOUT / "data" / "bench" / f"pages-{asked.plans}-{asked.addresses}"
    with (
        filled(folder, asked.plans, asked.addresses) as settings,
        psycopg.connect(settings.require_database_url(), autocommit=True) as connection,
    ):
        meter = Meter(settings, connection)
        chosen = {name: path for name, path in pages(connection).items() if asked.only in name}
        head = ["Seite", "kB (gzip)", "ms Python", "ms Datenbank", "Summe"]
        told = [table(head, cost_of_pages(meter, chosen, asked.requests))]
        print(told[-1], flush=True)
        if not asked.only:
            head = ["Suche (JSON)", "ms CPU p50", "p95", "max", "ms bis zur Antwort p50", "p95", "max"]
            told.append(table(head, cost_of_search(meter, asked.questions)))
            print(told[-1], flush=True)
    if asked.write:
        when = (
            f"{datetime.now(UTC):%Y-%m-%d}: {asked.plans:,} plans, {asked.addresses:,} addresses; {asked.requests}"
            f" requests of each page, {asked.questions} questions of each kind; Python {platform.python_version()},"
            f" {platform.machine()}; load of the machine at the beginning {load:.1f}."
        )
        head_text, rest = PAGE.read_text("utf-8").split(BEGIN)
        PAGE.write_text("\n\n".join([head_text + BEGIN, when, *told, END + rest.split(END)[1]]), "utf-8")


if __name__ == "__main__":
    main()
