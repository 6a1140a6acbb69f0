"""Back to a moment: a real server, its write-ahead log put aside as `geoportal install` has it, and a mistake."""

import subprocess
import time
from pathlib import Path

import psycopg
from jinja2 import Environment

from geoportal.database.cluster import Cluster
from geoportal.settings import CHECKOUT
from tests.waiting import wait_until

TEMPLATE = CHECKOUT / "geoportal/installing/templates/postgresql.conf"


def archive_command(folder: Path) -> str:
    """The line that an installation has, filled in for this folder."""
    line = next(line for line in TEMPLATE.read_text("utf-8").splitlines() if line.startswith("archive_command"))
    filled = Environment(autoescape=False).from_string(line).render(wal=folder)  # noqa: S701 - no HTML
    return filled.partition(" = ")[2].strip("'")


def names(cluster: Cluster) -> list[str]:
    with psycopg.connect(cluster.url) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM public.plan ORDER BY name").fetchall()]


def test_what_somebody_deleted_at_noon_is_there_again_as_of_the_moment_before(open_folder: Path) -> None:
    wal, base = open_folder / "wal", open_folder / "base"
    with Cluster(open_folder / "lost") as cluster:
        for folder in (wal, base):
            folder.mkdir()
            cluster._owned(folder).chmod(0o700)
        with cluster.superuser() as superuser:
            for name, value in {"archive_mode": "on", "archive_command": archive_command(wal)}.items():
                superuser.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        cluster._run("pg_ctl", "restart", "-m", "fast", "-l", str(cluster._log))
        with cluster.superuser("geoportal") as superuser:
            superuser.execute("CREATE TABLE public.plan (name text); GRANT ALL ON public.plan TO geoportal")
            superuser.execute("INSERT INTO public.plan VALUES ('vor der Sicherung')")
        _basebackup(cluster, base)
        with cluster.superuser("geoportal") as superuser:
            superuser.execute("INSERT INTO public.plan VALUES ('nach der Sicherung')")
            moment = superuser.execute("SELECT clock_timestamp()::text").fetchone()
            time.sleep(0.1)
            superuser.execute("DELETE FROM public.plan")
            segment = superuser.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
            assert segment is not None
            wait_until((wal / segment[0]).exists)
        assert names(cluster) == []
        assert moment is not None
        server = cluster._server()
        assert server is not None
        cluster._run("pg_ctl", "stop", "-m", "fast")
        _recover(cluster, base, wal, moment[0])
        cluster._launch()
        wait_until(lambda: not _in_recovery(cluster))
        assert names(cluster) == ["nach der Sicherung", "vor der Sicherung"]


def _basebackup(cluster: Cluster, base: Path) -> None:
    server = cluster._server()
    assert server is not None
    subprocess.run(
        [cluster._programs / "pg_basebackup", "-h", server.sockets, "-p", str(server.port), "-U", "postgres",
         "-D", base, "--checkpoint=fast", "--wal-method=none"],
        check=True, capture_output=True, cwd="/", **cluster._account,
    )  # fmt: skip


def _recover(cluster: Cluster, base: Path, wal: Path, moment: str) -> None:
    """The files of the base backup take the place of the server's, with the settings of docs/operations/backup.md."""
    cluster._files.rename(cluster._files.with_name("broken"))
    base.rename(cluster._files)
    with (cluster._files / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
        file.write(f"restore_command = 'cp {wal}/%f %p'\nrecovery_target_time = '{moment}'\n")
        file.write("recovery_target_action = 'promote'\n")
    cluster._owned(_touched(cluster._files / "recovery.signal"))


def _touched(path: Path) -> Path:
    path.touch()
    return path


def _in_recovery(cluster: Cluster) -> bool:
    with cluster.superuser() as superuser:
        row = superuser.execute("SELECT pg_is_in_recovery()").fetchone()
    return row == (True,)
