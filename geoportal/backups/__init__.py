"""Backups: a snapshot of the database, with all files of the archive that it names, in a folder or a bucket.

    snapshots/<moment>/database      pg_dump's custom format
    snapshots/<moment>/contents      JSON, written last: without it the snapshot does not count
    files/<ab>/<sha256>              each file of the archive once, whichever snapshots name it
    sealed/<key>/<ab>/<sha256>       the same, for each key by its name: what another key has sealed is of no use to it

With a key all of them are sealed (`sealing`); names of files, which are hashes of their content, stay readable.
"""

from geoportal.backups.making import back_up, drill, restore, snapshots
from geoportal.backups.places import BackupError, Place, place_of
from geoportal.backups.sealing import Seal

__all__ = ["BackupError", "Place", "Seal", "back_up", "drill", "place_of", "restore", "snapshots"]
