"""The faults that an operator can mend, as sentences."""

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


def said(fault: Exception) -> str | None:
    """None: it is ours to mend, and wants its traceback."""
    match fault:
        case (
            SettingsError() | SchemaError() | ManifestError() | PortalSetupError() | BackupError()
            | sandbox.SandboxError()
        ):  # fmt: skip
            return str(fault)
        case StoreError():
            return f"Speicher der Dateien / store of files: {fault}"
        case operations.NotFound():
            return f"Nicht gefunden oder nicht öffentlich / not found or not public: {fault}"
        case operations.NotMergeable():
            return (
                "Nicht zusammenzuführen: beide müssen eigene Pläne derselben Gemeinde und desselben Planwerks sein "
                f"/ cannot be merged: {fault}"
            )
        case operations.EndingsChanged():
            return f"Inzwischen hat sich der Bestand geändert; jetzt würden enden / the stock has changed: {fault}"
        case IllegalTransition():
            return f"Dafür ist es zu spät / too late: {fault}"
        case OSError():
            return f"{fault.filename or ''}: {fault.strerror or fault}"
        case SQLAlchemyError() | psycopg.Error():
            return f"Datenbank nicht erreichbar oder nicht bereit / database not ready: {type(fault).__name__}"
    return None
