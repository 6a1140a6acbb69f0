"""Addresses that rows of a table bring, turned into points by the official ones; what is not certain stays unplaced.

A street is found by its name in the form of comparison, within its postcode or place; of several streets that fit
equally well, none is taken.
"""

from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy import Connection, text

SHOWN: Final = 5
_SIMILAR: Final = 0.3  # of pg_trgm; below, two names have nothing in common


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A row whose address is not known. `near`: the street that was probably meant, or in which no such house is."""

    key: str
    address: str
    near: str | None
    is_street_known: bool

    def __str__(self) -> str:
        told = f"{self.key}: {self.address}"
        if self.near is None:
            return told
        if self.is_street_known:
            return f"{told} (Hausnummer unbekannt / unknown number: {self.near})"
        return f"{told} (nächste bekannte Straße / nearest known street: {self.near})"


@dataclass(frozen=True, slots=True)
class Placed:
    """How many of the rows with an address have a place now; the first of the others are spelt out."""

    asked: int
    found: int
    unplaced: tuple[Unplaced, ...]


def address_stock(connection: Connection) -> str:
    """Which official addresses are known: another text after each import, an empty one before the first."""
    found = connection.execute(text("SELECT version, changed_at FROM plans.data_version WHERE collection = 'adressen'"))
    row = found.one_or_none()
    return f"{row.version} {row.changed_at.isoformat()}" if row else ""


def place_addresses(cursor: psycopg.Cursor[Any], table: sql.Identifier, key: str, column: str) -> Placed:
    """Sets `geom` (a point, storage CRS) of all rows whose address in `column` (JSON: strasse, plz, ort) is known."""
    names = {"table": table, "key": sql.Identifier(key), "column": sql.Identifier(column)}
    cursor.execute(_READ.format(**names))
    cursor.execute(_MATCH)
    cursor.execute(_UPDATE.format(**names))
    cursor.execute("SELECT count(*), count(geom) FROM pg_temp.anschrift")
    asked, found = cursor.fetchone() or (0, 0)
    cursor.execute(_UNPLACED, {"most": SHOWN, "similar": _SIMILAR})
    unplaced = tuple(Unplaced(*row) for row in cursor.fetchall())
    cursor.execute("DROP TABLE pg_temp.anschrift")
    return Placed(asked, found, unplaced)


_READ: Final = sql.SQL("""
    -- "Bahnhofstr. 12 a" is a street, a number and a letter; "12-14" begins at 12
    CREATE TEMPORARY TABLE anschrift ON COMMIT DROP AS
    SELECT key, strasse, plz, ort, ogc.suchform(coalesce(part[1], strasse)) AS form, ogc.suchform(ort) AS ort_form,
        part[2]::integer AS nummer, lower(coalesce(part[3], '')) AS buchstabe, NULL::public.geometry AS geom
    FROM (
        SELECT {key}::text AS key, {column} ->> 'strasse' AS strasse, {column} ->> 'plz' AS plz,
            {column} ->> 'ort' AS ort,
            regexp_match({column} ->> 'strasse', '^(.*?)[ ,]+([0-9]{{1,5}})\\s*([a-zA-Z]?)(?:\\s*[-–/+].*)?$') AS part
        FROM {table}) AS read""")

_MATCH: Final = """
    WITH fitting AS (
        SELECT asked.key, address.id, address.geom,
            rank() OVER (PARTITION BY asked.key ORDER BY
                (asked.plz <> '' AND starts_with(street.zusatz, asked.plz || ' '))::integer
                + 2 * (asked.ort_form <> '' AND street.suche LIKE '% ' || asked.ort_form || '%')::integer DESC) AS place
        FROM pg_temp.anschrift AS asked
        JOIN places.target AS street ON street.art = 'strasse' AND street.name = asked.form
            AND ((asked.plz <> '' AND starts_with(street.zusatz, asked.plz || ' '))
                OR (asked.ort_form <> '' AND street.suche LIKE '% ' || asked.ort_form || '%'))
        JOIN places.address ON address.street_id = street.id AND address.nummer = asked.nummer
            AND address.buchstabe = asked.buchstabe
    )
    UPDATE pg_temp.anschrift AS asked SET geom = one.geom
    FROM (
        SELECT key, min(id) AS id, (array_agg(geom))[1] AS geom FROM fitting WHERE place = 1
        GROUP BY key HAVING count(DISTINCT id) = 1) AS one
    WHERE asked.key = one.key"""

_UPDATE: Final = sql.SQL("""
    UPDATE {table} AS own SET geom = known.geom
    FROM pg_temp.anschrift AS known WHERE known.key = own.{key}::text AND known.geom IS NOT NULL""")

_UNPLACED: Final = """
    SELECT asked.key, concat_ws(', ', nullif(strasse, ''), nullif(concat_ws(' ', plz, ort), ' ')),
        near.titel || ', ' || near.zusatz, coalesce(near.name = asked.form, false)
    FROM (SELECT * FROM pg_temp.anschrift WHERE geom IS NULL ORDER BY key LIMIT %(most)s) AS asked
    LEFT JOIN LATERAL (
        SELECT titel, zusatz, name FROM places.target AS street
        WHERE art = 'strasse' AND public.similarity(name, asked.form) >= %(similar)s
        ORDER BY public.similarity(name, asked.form)
            + 0.3 * (asked.plz <> '' AND starts_with(zusatz, asked.plz))::integer
            + 0.2 * (asked.ort_form <> '' AND suche LIKE '%% ' || asked.ort_form || '%%')::integer DESC, id
        LIMIT 1) AS near ON true
    ORDER BY asked.key"""
