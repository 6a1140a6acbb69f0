"""What stands ready for vector tiles: the same, whatever the way to it, and written no more than it must be."""

from random import Random
from typing import Any

from shapely.geometry import Point
from sqlalchemy import Engine, text

from geoportal import operations
from geoportal.database import owner_engine
from geoportal.settings import Settings
from tests.ogc import put_schools


def kept(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(
            connection.execute(
                text("SELECT source, key, size, quad, seen, free, won, min_zoom FROM plans.tile_feature ORDER BY 1, 2")
            )
        )


def test_publication_by_publication_leads_to_the_same_as_all_at_once(stock: Settings) -> None:
    engine = owner_engine(stock.require_database_url())
    for number in (3, 4, 5):
        with engine.connect() as connection:
            address = connection.scalar(
                text("SELECT id FROM ogc.bebauungsplaene WHERE nummer = :number"), {"number": str(number)}
            )
        operations.withdraw(engine, address, "Test")
        if number != 4:
            operations.restore(engine, address, 1, "Test")
    grown = kept(engine)
    with engine.begin() as connection:
        for source in ("bebauungsplaene", "flaechennutzungsplaene", "planinhalte"):
            connection.execute(text("SELECT plans.rebuild_tiles(:source)"), {"source": source})
    assert len({row.min_zoom for row in grown}) > 3
    assert kept(engine) == grown
    engine.dispose()


def scattered(random: Random) -> Point:
    """Somewhere in a town, or in the few metres of its middle where everything lies close together."""
    width = random.choice((20, 300, 9000))
    return Point(482_000 + random.uniform(0, width), 5_632_000 + random.uniform(0, width))


def written(engine: Engine) -> dict[str, tuple[str, str]]:
    """By the key of a school: which transaction wrote its row for the tiles, and where it is shown from."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT key, xmin::text, won::text FROM plans.tile_feature WHERE source = 'schulen'")
        )
        return {row.key: (row.xmin, row.won) for row in rows}


def test_sync_by_sync_leads_to_the_same_as_the_whole_layer_at_once(stock: Settings) -> None:
    engine = owner_engine(stock.require_database_url())
    random = Random(5)
    points = {n: scattered(random) for n in range(600)}
    put_schools(engine, points)
    for _ in range(4):
        for n in random.sample(sorted(points), 15):
            del points[n]
        points |= {n: scattered(random) for n in random.sample(sorted(points), 15)}
        points |= {max(points) + 1 + n: scattered(random) for n in range(15)}
        before = written(engine)
        put_schools(engine, points)
        # so few were computed anew: this was not the whole layer at once
        assert len(before.items() & written(engine).items()) > 400
        grown = kept(engine)
        with engine.begin() as connection:
            connection.execute(text("SELECT plans.rebuild_tiles('schulen')"))
        assert len({row.min_zoom for row in grown if row.source == "schulen"}) > 8
        assert kept(engine) == grown
    engine.dispose()


def test_in_each_cell_of_each_zoom_the_most_important_feature_wins(stock: Settings) -> None:
    engine = owner_engine(stock.require_database_url())
    random = Random(6)
    put_schools(engine, {n: scattered(random) for n in range(400)})
    with engine.begin() as connection:
        for source, zooms in (("schulen", 10), ("bebauungsplaene", 3)):
            rows = connection.execute(
                text(
                    "SELECT key, quad, won FROM plans.tile_feature WHERE source = :source ORDER BY size DESC, fid, key"
                ),
                {"source": source},
            ).all()
            expected = dict.fromkeys((row.key for row in rows), 16)
            for zoom in range(15, -1, -1):
                first: dict[int, str] = {}
                for row in rows:
                    first.setdefault(row.quad >> (2 * (16 - zoom)), row.key)
                expected |= dict.fromkeys(first.values(), zoom)
            assert len(set(expected.values())) >= zooms
            assert {row.key: row.won for row in rows} == expected
    engine.dispose()


def test_a_sync_writes_nothing_for_the_tiles_of_what_did_not_move(stock: Settings) -> None:
    engine = owner_engine(stock.require_database_url())
    random = Random(7)
    points = {n: scattered(random) for n in range(200)}
    put_schools(engine, points)
    before = written(engine)
    put_schools(engine, points)
    assert written(engine) == before
    put_schools(engine, points, name="renamed")
    assert written(engine) == before
    points[3] = Point(490_000, 5_640_000)
    put_schools(engine, points)
    after = written(engine)
    changed = {key for key in before if after[key] != before[key]}
    assert changed
    # beside the one that went, only those that are shown from elsewhere for it
    assert sum(after[key][1] == before[key][1] for key in changed) <= 1
    engine.dispose()


def test_tiles_are_made_without_a_search_path_and_thinned_anew_to_the_same(stock: Settings) -> None:
    engine = owner_engine(stock.require_database_url())
    random = Random(8)
    put_schools(engine, {n: scattered(random) for n in range(200)})
    before = kept(engine)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL search_path = ''"))
        for source in ("schulen", "bebauungsplaene", "planinhalte"):
            connection.execute(text("SELECT plans.rebuild_tiles(:source)"), {"source": source})
        connection.execute(text("UPDATE plans.tile_feature SET won = 16 WHERE source = 'schulen'"))
        connection.execute(text("SELECT plans.thin_tiles('schulen', NULL)"))
        keys = connection.execute(
            text("SELECT (array_agg(key))[1:9] FROM plans.tile_feature WHERE source = 'schulen'")
        ).scalar_one()
        connection.execute(text("SELECT plans.renew_layer_tiles('schulen', :keys)"), {"keys": keys})
    assert kept(engine) == before
    engine.dispose()
