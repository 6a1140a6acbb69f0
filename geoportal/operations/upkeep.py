"""What keeps the house in order: code tables, the check at start, what nobody needs any more."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from geoportal import layers, store, uploads
from geoportal.accounts import forgetting
from geoportal.archive import Archive, last_changed_before
from geoportal.catalogue import Shelf
from geoportal.database import SchemaError, check_schema
from plans_ingest.gemeinden import all_gemeinden


def prepare(engine: Engine) -> None:
    """Code tables and Gemeinden, after each migration."""
    with engine.begin() as connection:
        store.save_codes(connection, all_gemeinden())


def check(engine: Engine, home: Path) -> None:
    """That the database has all that the services ask it for. Raises SchemaError.

    A layer whose manifest is broken is told of in its state; the portal starts without it.
    """
    check_schema(engine)
    shelf = Shelf(home / "layers")
    shelf.look()
    if missing := layers.without_view(engine, shelf.layers.values()):
        raise SchemaError(
            f"Diese Layer sind noch nicht geladen: {', '.join(missing)}. `geoportal layers sync` ausführen. "
            "/ Layers not loaded yet: run `geoportal layers sync`."
        )


def sweep(engine: Engine, archive: Archive, seconds: float = 86_400) -> int:
    """Removes files of the archive that no row names and nobody has put for a day; returns how many.

    What was removed while somebody put it comes back first: by now the row that names it is there.
    """
    old, removed = archive.older_than(seconds), archive.removed()
    with engine.connect() as connection:
        orphans = uploads.unreferenced(connection, old)
        wanted = set(removed).difference(uploads.unreferenced(connection, removed))
    for digest in wanted:
        archive.bring_back(digest)
    for digest in orphans:
        archive.remove(digest, seconds)
    return len(orphans) + archive.sweep(seconds)


def forget(engine: Engine, transfers: Path, now: datetime, seconds: float = 2 * 86_400) -> int:
    """Removes what the desk no longer needs: sessions that ended, links, files whose transfer nobody went on with."""
    with engine.begin() as connection:
        count = forgetting.forget(connection, now)
    old = last_changed_before(now.timestamp() - seconds, transfers.glob("*"))
    for file in old:
        file.unlink(missing_ok=True)
    return count + len(old)
