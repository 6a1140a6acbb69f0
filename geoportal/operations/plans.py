"""The verbs of plans that are known already."""

from uuid import UUID

from sqlalchemy import Engine

from geoportal import store
from geoportal.operations.outcomes import NotFound, NotMergeable


def withdraw(engine: Engine, address: UUID, reason: str) -> None:
    """Takes a plan from the public; its versions are kept. Raises NotFound if it is not public."""
    with engine.begin() as connection:
        if not store.end_publication(connection, address, "withdrawn", reason):
            raise NotFound(str(address))


def restore(engine: Engine, address: UUID, number: int, reason: str) -> None:
    """Publishes an earlier version once more, as a new version. Raises NotFound."""
    with engine.begin() as connection:
        version = store.restore_version(connection, address, number, reason)
        if version is None:
            raise NotFound(f"{address}, {number}")
        store.publish_version(connection, address, version)


def merge(engine: Engine, address: UUID, into: UUID) -> None:
    """Two addresses were one plan under two names: the first one's versions go on the second, its address leads there.

    Raises NotMergeable when one of them is no plan, was merged before, or they are of two Gemeinden or Planwerke.
    """
    with engine.begin() as connection:
        if not store.merge_plans(connection, address, into):
            raise NotMergeable(f"{address}, {into}")
