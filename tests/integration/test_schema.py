"""The schema by itself: in which zone it stores, and what its functions make of a geometry."""

import subprocess

import psycopg
import pytest
from shapely.geometry import MultiPolygon, Polygon

from geoportal.settings import Settings
from tests.processes import command, environment


def run_in_zone_33(settings: Settings, name: str) -> subprocess.CompletedProcess[str]:
    environ = environment(settings, GEOPORTAL_CRS="EPSG:25833")
    return subprocess.run(command(name), env=environ, capture_output=True, text=True, check=False)


def test_a_database_of_another_zone_is_not_migrated_however_old_it_is(database: Settings) -> None:
    with psycopg.connect(database.require_database_url(), autocommit=True) as connection:
        connection.execute("UPDATE plans.alembic_version SET version_num = '0027'")  # before any function told the zone
        done = run_in_zone_33(database, "migrate")
        assert (done.returncode != 0, "GEOPORTAL_CRS" in done.stdout + done.stderr) == (True, True)
        assert connection.execute("SELECT version_num FROM plans.alembic_version").fetchone() == ("0027",)


def test_what_the_columns_store_counts_and_not_what_a_function_says(database: Settings) -> None:
    with psycopg.connect(database.require_database_url(), autocommit=True) as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION ogc.storage_srid() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 25833"
        )
    done = run_in_zone_33(database, "check")
    assert (done.returncode != 0, "EPSG:25832" in done.stdout + done.stderr) == (True, True)


@pytest.mark.parametrize("dent", [1.0, 1.9])
def test_parts_of_an_outline_that_overlap_when_they_are_simpler_stay_in_it(database: Settings, dent: float) -> None:
    """A yard in a shallow dent of its field: less than two metres, so that the simpler field is without the dent.

    (Since 3.12 GEOS leaves the dent where another part lies in it.) A triangle is as simple as can be: it stays whole.
    """
    bottom = [(float(x), -dent) for x in range(5, 96, 5)]
    field = Polygon([(0, 0), *bottom, (100, 0), (100, -60), (0, -60)])
    yard = Polygon([(40, 0.2 - dent), (60, 0.2 - dent), (50, -0.2)])
    with psycopg.connect(database.require_database_url()) as connection:
        told = connection.execute(
            """
            SELECT ST_IsValid(simple), ST_NPoints(simple) < 20, ST_Covers(simple, ST_GeomFromText(%s, 25832)),
                ST_Area(simple) >= ST_Area(shape) - 0.001
            FROM (SELECT shape, plans.umriss(shape) AS simple FROM ST_GeomFromText(%s, 25832) AS shape) AS tried""",
            (yard.wkt, MultiPolygon([field, yard]).wkt),
        ).fetchone()
        assert told == (True, True, True, True)


def test_nothing_is_no_simpler_form(database: Settings) -> None:
    with psycopg.connect(database.require_database_url()) as connection:
        told = connection.execute("SELECT plans.umriss(ST_GeomFromText('MULTIPOLYGON EMPTY', 25832))").fetchone()
    assert told == (None,)
