"""The features of a layer among what the search finds: by the fields that its manifest names under `search`."""

from typing import Any

import psycopg
from psycopg import sql

from geoportal.catalogue import Layer


def index_layer(cursor: psycopg.Cursor[Any], layer: Layer) -> None:
    """Replaces the layer's targets by what stands in its view now, in the transaction of `cursor`.

    The first field of `search` is the title of a hit, the others follow it. A layer without `search` is not found.
    """
    cursor.execute("DELETE FROM places.target WHERE quelle = %s", [layer.id])
    if not layer.search:
        return
    title, *rest = (sql.Identifier(name) for name in layer.search)
    statement = sql.SQL("""
        INSERT INTO places.target (art, quelle, schluessel, titel, zusatz, stichworte, geom)
        SELECT 'objekt', {layer}, id::text, {title}, {detail}, {words}, ST_PointOnSurface(geom)
        FROM {view} WHERE geom IS NOT NULL AND {title} IS NOT NULL""")
    cursor.execute(
        statement.format(
            layer=layer.id,
            title=title,
            detail=sql.SQL("concat_ws(', ', {})").format(sql.SQL(", ").join(rest)) if rest else sql.Literal(""),
            words=layer.title.de,
            view=sql.Identifier("ogc", layer.view),
        )
    )
