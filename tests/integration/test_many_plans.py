"""What is asked of very many plans: the same answers as if all of them were compared, out of indexes."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, event, text

from geoportal import published
from geoportal.database import owner_engine, reader_engine
from geoportal.ogc.app import PARTS, create_ogc
from geoportal.ogc.records import finding
from geoportal.ogc.records.model import Record
from geoportal.ogc.records.search import Search, read_search
from geoportal.ogc.records.stock import fixed_records
from geoportal.ogc.service import Service
from geoportal.published import PlanFilter, Sortierung, Status
from geoportal.settings import CHECKOUT, Settings
from plans_ingest.gemeinden import all_gemeinden
from tests.benchmarks.stock import build
from tests.ogc import document

PLANS = 240
ITEMS = "/collections/katalog/items"
ROOT = "http://localhost:8080/ogc"
PAGES = "http://localhost:8080/plan/"
TODAY = date(2026, 6, 1)
MOSTLY = all_gemeinden()[3].ags


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layers")
    for name in ("bebauungsplaene", "flaechennutzungsplaene"):
        (folder / name).symlink_to(CHECKOUT / "layers" / name)
    return folder


@pytest.fixture(scope="module")
def many(module_database: Settings, layers: Path) -> Settings:
    """Plans of one Gemeinde for the most part: without names, with the same ones, of one moment, in participation."""
    build(module_database, layers, PLANS, 5)
    engine = owner_engine(module_database.require_database_url())
    with engine.begin() as connection:
        # as in the stock: what follows each publication is done once for all of them
        connection.execute(text("ALTER TABLE plans.version DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE plans.plan SET ags = :ags WHERE left(id::text, 1) < 'c'"), {"ags": MOSTLY})
        connection.execute(text("UPDATE plans.plan SET planwerk = 'FP' WHERE left(id::text, 1) IN ('1', 'd')"))
        connection.execute(text(_ODDITIES), {"today": TODAY})
        connection.execute(text("ALTER TABLE plans.version ENABLE TRIGGER USER"))
        connection.execute(text("SELECT plans.renew_publication(), plans.touch_plans(ARRAY['BP', 'FP'])"))
        connection.execute(text(_GEMEINDEN))
        connection.execute(text("GRANT SELECT ON ogc.gemeinden TO geoportal_read"))
    engine.dispose()
    return module_database


_GEMEINDEN = """
    CREATE VIEW ogc.gemeinden AS
    SELECT ags, name, 'Stadt' AS typ, '35000' AS plz, true AS teilnehmer FROM plans.gemeinde"""
_ODDITIES = """
    UPDATE plans.version SET
        name = CASE nummer::int % 8
            WHEN 0 THEN NULL WHEN 1 THEN 'Ähre' WHEN 2 THEN 'ahorn' WHEN 3 THEN 'Zeder' ELSE name END,
        nummer = CASE nummer::int % 6 WHEN 0 THEN NULL WHEN 1 THEN '5' ELSE nummer END,
        published_at = published_at - nummer::int % 5 * interval '1 day',
        auslegungen = CASE nummer::int % 7
            WHEN 0 THEN jsonb_build_array(jsonb_build_object(
                'start', CAST(:today AS date) - nummer::int, 'ende', CAST(:today AS date) - nummer::int + 90))
            WHEN 1 THEN jsonb_build_array(jsonb_build_object('start', CAST(:today AS date) + 3, 'ende', NULL))
            ELSE '[]' END,
        bezuege = CASE nummer::int % 9
            WHEN 0 THEN '[{"art"\\: "aendert", "name"\\: "Zeder", "nummer"\\: null}]'::jsonb
            WHEN 1 THEN '[{"art"\\: "aendertPlan", "name"\\: null, "nummer"\\: "5"}]'
            WHEN 2 THEN '[{"art"\\: "verbundenerPlan", "name"\\: "ahorn", "nummer"\\: "5"},
                {"art"\\: "aendert", "name"\\: "Ähre", "nummer"\\: "17"}]'
            ELSE '[]' END"""


@pytest.fixture(scope="module")
def reader(many: Settings) -> Iterator[Engine]:
    engine = reader_engine(many.require_read_url())
    yield engine
    engine.dispose()


# --- the catalogue


class Catalogue(NamedTuple):
    """As it is served, and what is handed to it beside the plans."""

    client: FlaskClient
    fixed: list[Record]
    owner: Engine


@pytest.fixture(scope="module", params=[3, 5_000])
def catalogue(request: pytest.FixtureRequest, many: Settings, layers: Path) -> Iterator[Catalogue]:
    """Where everything is found everywhere, and where everything is found seldom."""
    owner = owner_engine(many.require_database_url())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(finding, "MOST_COUNTED", request.param)
        fixed = list(fixed_records(Service(many, layers, PARTS), "de"))
        yield Catalogue(create_ogc(many, layers).test_client(), fixed, owner)
    owner.dispose()


QUESTIONS = (
    "",
    "type=plan",
    "type=dataset,service",
    "sortby=title",
    "sortby=-title",
    "sortby=updated,-title",
    "sortby=-updated",
    "sortby=-type,title",
    "q=sonnenwiese",
    "q=bebauungsplan nr,leuchten",
    "q=ahorn&sortby=-updated",
    "q=und",  # no word that is searched for
    "bbox=8.6,50.7,8.8,50.8",
    "bbox=8.6,50.7,8.8,50.8&q=tal&type=plan",
    "bbox=8.75,50.75,8.75,50.75",
    "bbox=20,45,0,58",  # across the antimeridian: nothing of ours
    "bbox=8,50,9.5,52&sortby=-title",
    "datetime=1990-01-01/2000-01-01",
    "datetime=../1975-06-01&sortby=updated",
    "datetime=2030-01-01/..&type=plan",
    "externalIds=nummer:5",
    "externalIds=5,17",
    "externalIds=nummer:",
    "externalIds=id:&type=plan",
    "externalIds=uri:&sortby=title",
    "externalIds=leuchten,nichts",
    "ids=leuchten,bebauungsplaene,nichts",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_catalogue_finds_what_comparing_all_would_find(catalogue: Catalogue, question: str) -> None:
    _compared(catalogue, question)


def test_records_of_plans_are_found_by_any_of_their_names(catalogue: Catalogue, reader: Engine) -> None:
    with reader.connect() as connection:
        one, two = connection.scalars(text("SELECT id::text FROM ogc.plaene ORDER BY id LIMIT 2"))
    for question in (
        f"ids={one},{two},leuchten",
        f"ids={one.upper()}",
        f"externalIds=id:{one},{PAGES}{two}",
        f"externalIds=uri:{PAGES}{one}",
        f"externalIds=uri:{one}",
    ):
        _compared(catalogue, question)


def _compared(catalogue: Catalogue, question: str) -> None:
    found, first = [], document(catalogue.client.get(f"{ITEMS}?limit=31&{question}"))
    page = first
    while True:
        found += [item["id"] for item in page["features"]]
        following = [each["href"] for each in page["links"] if each["rel"] == "next"]
        if not following:
            break
        assert len(page["features"]) == page["numberReturned"] > 0
        page = document(catalogue.client.get(following[0].removeprefix(ROOT)))
    wanted = read_search(dict(parse_qsl(question)), 10_000, 10_000)
    expected = _plainly(catalogue, wanted, is_ranked="numberMatched" in first)
    assert found == expected
    assert first.get("numberMatched", len(expected)) == len(expected)
    offset = len(expected) // 2
    page = document(catalogue.client.get(f"{ITEMS}?limit=5&offset={offset}&{question}"))
    assert [item["id"] for item in page["features"]] == expected[offset : offset + 5]


def _plainly(catalogue: Catalogue, wanted: Search, *, is_ranked: bool) -> list[str]:
    """The ids by one statement that compares everything."""
    order = [*([("rank", True)] if wanted.by_rank and is_ranked else []), *wanted.order]
    sorting = ", ".join(
        f"{name}{' COLLATE "de-x-icu"' if name == 'title' else ''} {'DESC' if down else 'ASC'} NULLS LAST"
        for name, down in order
    )
    asked = {
        "fixed": json.dumps([_described(record) for record in catalogue.fixed]),
        "words": wanted.words,
        "kinds": list(wanted.kinds),
        "ids": list(wanted.ids),
        "external": [f"{scheme}:{value}" if scheme else value for scheme, value in wanted.external],
        "pages": PAGES,
        "boxes": None if wanted.boxes is None else json.dumps(wanted.boxes),
        "start": wanted.start,
        "end": wanted.end,
    }
    with catalogue.owner.connect() as connection:
        return list(connection.scalars(text(_COMPARING.replace("/*order*/", sorting)), asked))


def _described(record: Record) -> dict[str, Any]:
    west, south, east, north = record.box or (None, None, None, None)
    return {
        "id": record.id,
        "type": record.kind.value,
        "title": record.title,
        "body": " ".join([record.title, record.description, record.publisher, record.id, *record.keywords]),
        "updated": None if record.updated is None else record.updated.isoformat(),
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "external": [
            each for scheme, value in record.external_ids for each in (f"{scheme}:{value}", f"{scheme}:", value)
        ],
    }


_COMPARING = """
    WITH asked AS (
        SELECT CASE WHEN :words <> '' THEN to_tsquery('german', :words) END AS query
    ), record AS (
        SELECT id, type, title, to_tsvector('german', body) AS words, updated::timestamptz AS updated,
            ST_MakeEnvelope(west, south, east, north, 4326) AS box, NULL::date AS start, NULL::date AS ended,
            false AS timed, external
        FROM jsonb_to_recordset(CAST(:fixed AS jsonb)) AS each (id text, type text, title text, body text,
            updated text, west float8, south float8, east float8, north float8, external text[])
        UNION ALL
        SELECT id::text, 'plan', name,
            to_tsvector('german', concat_ws(' ', name, nummer, gemeinde, ortsteil, ags, planart_text, rechtsstand_text,
                beschreibung)),
            veroeffentlicht_am, ST_Transform(ST_Envelope(geom), 4326), gueltig_von, gueltig_bis,
            gueltig_von IS NOT NULL OR gueltig_bis IS NOT NULL,
            ARRAY['nummer:' || nummer, CASE WHEN nummer <> '' THEN 'nummer:' END, nummer, 'id:' || id, 'id:', id::text,
                'uri:' || :pages || id, 'uri:', :pages || id]
        FROM ogc.plaene
    )
    SELECT id FROM (
        SELECT record.*, coalesce(ts_rank(words, query), 0) AS rank FROM record, asked
        WHERE (query IS NULL OR words @@ query)
            AND (cardinality(CAST(:kinds AS text[])) = 0 OR type = ANY (:kinds))
            AND (cardinality(CAST(:ids AS text[])) = 0 OR id = ANY (:ids))
            AND (cardinality(CAST(:external AS text[])) = 0 OR external && CAST(:external AS text[]))
            AND (CAST(:boxes AS jsonb) IS NULL OR box IS NULL OR EXISTS (
                SELECT FROM jsonb_array_elements(CAST(:boxes AS jsonb)) AS each
                WHERE ST_Intersects(box, ST_MakeEnvelope((each ->> 0)::float8, (each ->> 1)::float8,
                    (each ->> 2)::float8, (each ->> 3)::float8, 4326))))
            AND (NOT timed OR (
                (CAST(:start AS timestamptz) IS NULL OR ended IS NULL
                    OR (ended + 1)::timestamp AT TIME ZONE 'UTC' > CAST(:start AS timestamptz))
                AND (CAST(:end AS timestamptz) IS NULL OR start IS NULL
                    OR start::timestamp AT TIME ZONE 'UTC' <= CAST(:end AS timestamptz))))
    ) AS found ORDER BY /*order*/"""


def test_a_cursor_of_the_catalogue_belongs_to_its_question(catalogue: Catalogue) -> None:
    client = catalogue.client
    page = document(client.get(f"{ITEMS}?limit=11&sortby=title"))
    [link] = [each["href"].removeprefix(ROOT) for each in page["links"] if each["rel"] == "next"]
    assert "cursor=" in link
    assert client.get(link).status_code == 200
    for changed in (
        link.replace("sortby=title", "sortby=-title"),
        f"{link}&offset=3",
        link.replace("cursor=", "cursor=A"),
    ):
        assert client.get(changed).status_code == 400


# --- the lists

FILTERS = {
    "TRUE": PlanFilter(),
    "gesucht LIKE '%sonnen%' AND gesucht LIKE '%5%'": PlanFilter(words=("Sonnen", "5")),
    f"ags = '{MOSTLY}'": PlanFilter(ags=MOSTLY),
    "status = 'in_kraft'": PlanFilter(status=Status.IN_KRAFT),
    f"mitreden @> '{TODAY}'::date": PlanFilter(laufend_am=TODAY),
    f"upper(mitreden) > '{TODAY}'": PlanFilter(mitreden_ab=TODAY),
}
_NAME = 'name COLLATE "de-x-icu", id'
_NAMES = f'gemeinde COLLATE "de-x-icu", {_NAME}'
ORDERS = {
    Sortierung.GEMEINDE: _NAMES,
    Sortierung.NAME: _NAME,
    Sortierung.NEUESTE: f"veroeffentlicht_am DESC, {_NAMES}",
    Sortierung.INKRAFTTRETEN: f"gueltig_von DESC NULLS LAST, {_NAMES}",
}


@pytest.mark.parametrize("sortierung", ORDERS)
@pytest.mark.parametrize("condition", FILTERS)
def test_pages_of_a_list_are_the_whole_in_its_order(reader: Engine, condition: str, sortierung: Sortierung) -> None:
    with reader.connect() as connection:
        whole = connection.scalars(text(f"SELECT id FROM ogc.plaene WHERE {condition} ORDER BY {ORDERS[sortierung]}"))
        expected, found = list(whole), []
        assert expected
        for offset in range(0, len(expected) + 13, 13):
            page = published.plaene(connection, FILTERS[condition], limit=13, offset=offset, sortierung=sortierung)
            assert page.total == len(expected)
            found += [each.id for each in page.plaene]
    assert found == expected


def test_what_is_to_come_and_how_many_there_are_is_told_of_each_gemeinde(reader: Engine) -> None:
    with reader.connect() as connection:
        told = published.beteiligungen(connection, MOSTLY, TODAY)
        plainly = f"""SELECT id FROM ogc.plaene CROSS JOIN LATERAL (
            SELECT min(upper(zeit)) AS ende FROM unnest(mitreden) AS zeit WHERE upper(zeit) > '{TODAY}') AS next
            WHERE ags = '{MOSTLY}' AND ende IS NOT NULL ORDER BY ende, id"""
        assert [each.id for each in told] == list(connection.scalars(text(plainly)))
        assert told
        counted = {each.ags: (each.in_kraft, each.in_aufstellung, each.beteiligung)
                   for each in published.gemeinden(connection, TODAY)}  # fmt: skip
        plainly = f"""SELECT gemeinde.ags, count(*) FILTER (WHERE status = 'in_kraft'),
            count(*) FILTER (WHERE status = 'in_aufstellung'), count(*) FILTER (WHERE mitreden @> '{TODAY}'::date)
            FROM ogc.gemeinden AS gemeinde LEFT JOIN ogc.plaene USING (ags) GROUP BY gemeinde.ags"""
        assert counted == {ags: tuple(numbers) for ags, *numbers in connection.execute(text(plainly))}
    assert sum(map(sum, counted.values())) > PLANS // 2


_PUBLIC = """
    SELECT id, ags, planwerk, coalesce(name, nummer, 'Plan ohne Namen') AS name, nummer,
        jsonb_array_length(bezuege) AS own
    FROM ogc.plaene"""
_LINKING = """
    SELECT id FROM ogc.plaene, jsonb_array_elements(bezuege) AS bezug
    WHERE ags = :ags AND planwerk = :planwerk AND id <> :id
        AND coalesce(bezug ->> 'name' = :name, bezug ->> 'nummer' = :nummer)"""


def test_who_changes_a_plan_is_found_as_among_all(reader: Engine) -> None:
    with reader.connect() as connection:
        number = 0
        for plan in connection.execute(text(_PUBLIC)).mappings().all():
            expected = set(connection.scalars(text(_LINKING), dict(plan)))
            page = published.plan(connection, plan["id"])
            assert page is not None
            stated = {each.plan_id for each in page.bezuege[: plan["own"]]}
            assert {each.plan_id for each in page.bezuege[plan["own"] :]} == expected - stated
            number += len(expected)
    assert number > PLANS


# --- out of indexes


def test_each_question_is_answered_from_its_index(database: Settings, tmp_path: Path) -> None:
    """Of four thousand plans, three thousand in one Gemeinde."""
    (tmp_path / "bebauungsplaene").symlink_to(CHECKOUT / "layers" / "bebauungsplaene")
    build(database, tmp_path, 4000, 5)
    owner, reader = owner_engine(database.require_database_url()), reader_engine(database.require_read_url())
    with owner.begin() as connection:
        connection.execute(text("UPDATE plans.publication SET ags = :ags WHERE nummer::int % 4 > 0"), {"ags": MOSTLY})
        connection.execute(
            text("""UPDATE plans.publication SET bezuege = jsonb_build_array(jsonb_build_object(
            'art', 'aendert', 'name', NULL, 'nummer', (nummer::int - 1)::text)) WHERE nummer::int % 10 = 0""")
        )
        connection.execute(text("ANALYZE plans.publication"))
    client = create_ogc(database, tmp_path).test_client()

    def record(question: str) -> Callable[[], object]:
        return lambda: document(client.get(f"{ITEMS}?limit=5&{question}"))

    with reader.connect() as connection:
        one = connection.scalar(text("SELECT id FROM ogc.plaene WHERE nummer = '9'"))

        def page(wanted: PlanFilter, sortierung: Sortierung = Sortierung.GEMEINDE) -> Callable[[], object]:
            return lambda: published.plaene(connection, wanted, limit=5, sortierung=sortierung)

        asked = (
            ("publication_liste", page(PlanFilter())),
            ("publication_ags_name", page(PlanFilter(ags=MOSTLY))),
            ("publication_name", page(PlanFilter(), Sortierung.NAME)),
            ("publication_inkrafttreten", page(PlanFilter(), Sortierung.INKRAFTTRETEN)),
            ("publication_mitreden", lambda: published.beteiligungen(connection, MOSTLY, TODAY)),
            ("publication_bezuege", lambda: published.plan(connection, one)),
            ("publication_woerter", record("type=plan&q=sonnenwiese 17")),
            ("publication_geom", record("type=plan&bbox=8.6,50.7,8.605,50.705")),
            ("publication_nummer", record("type=plan&externalIds=nummer:5")),
            ("publication_pkey", record(f"type=plan&ids={one}")),
            ("publication_name", record("type=plan")),
            ("publication_veroeffentlicht", record("sortby=-updated")),
        )
        for index, ask in asked:
            plans = [_explained(connection, *each) for each in _statements(ask)]
            assert any(index in plan for plan in plans), f"{index}: {plans}"
    owner.dispose()
    reader.dispose()


def _statements(ask: Any) -> list[tuple[str, Any]]:
    seen: list[tuple[str, Any]] = []

    def noted(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "ogc.plaene" in statement:
            seen.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", noted)
    try:
        ask()
    finally:
        event.remove(Engine, "before_cursor_execute", noted)
    return seen


def _explained(connection: Connection, statement: str, parameters: Any) -> str:
    return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))
