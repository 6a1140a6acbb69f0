"""What all commands share: parameters of our own, and faults told as one sentence."""

import sys

import click
import psycopg
from sqlalchemy.exc import SQLAlchemyError

from geoportal import operations, sandbox
from geoportal.backups import BackupError
from geoportal.bucket import StoreError
from geoportal.catalogue import ManifestError
from geoportal.database import SchemaError
from geoportal.settings import SettingsError
from geoportal.states import IllegalTransition
from geoportal.web.errors import PortalSetupError
from plans_ingest.gemeinden import Gemeinde, gemeinde_of


class Ags(click.ParamType[Gemeinde]):
    name = "AGS"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Gemeinde:
        if isinstance(value, Gemeinde):
            return value
        found = gemeinde_of(str(value))
        if found is None:
            self.fail(f"{value}: kein Amtlicher Gemeindeschlüssel einer beteiligten Gemeinde / unknown AGS", param, ctx)
        return found


class spoken_errors:  # noqa: N801 - reads as the statement it is
    """Faults that an operator can mend become one sentence and exit code 1, never a traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, fault: BaseException | None, traceback: object) -> None:
        if isinstance(fault, SettingsError | SchemaError | ManifestError | PortalSetupError | BackupError):
            stop(str(fault))
        if isinstance(fault, StoreError):
            stop(f"Speicher der Dateien / store of files: {fault}")
        if isinstance(fault, operations.NotFound):
            stop(f"Nicht gefunden oder nicht öffentlich / not found or not public: {fault}")
        if isinstance(fault, operations.NotMergeable):
            stop(
                "Nicht zusammenzuführen: beide müssen eigene Pläne derselben Gemeinde und desselben Planwerks sein "
                f"/ cannot be merged: {fault}"
            )
        if isinstance(fault, operations.EndingsChanged):
            stop(f"Inzwischen hat sich der Bestand geändert; jetzt würden enden / the stock has changed: {fault}")
        if isinstance(fault, IllegalTransition):
            stop(f"Dafür ist es zu spät / too late: {fault}")
        if isinstance(fault, sandbox.SandboxError):
            stop(str(fault))
        if isinstance(fault, OSError):
            stop(f"{fault.filename or ''}: {fault.strerror or fault}")
        if isinstance(fault, SQLAlchemyError | psycopg.Error):
            stop(f"Datenbank nicht erreichbar oder nicht bereit / database not ready: {type(fault).__name__}")


def stop(sentence: str) -> None:
    click.echo(sentence, err=True)
    sys.exit(1)
