"""The private server: it starts, is joined and left, and outlives what is done to it."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE

import psycopg
import pytest
from sqlalchemy import make_url

from geoportal.database import cluster as module
from geoportal.database.cluster import DATABASE, EXTENSIONS, OWNER, PACKAGES, Cluster, ClusterError
from geoportal.settings import CHECKOUT, READ_ROLE
from tests.waiting import wait_until

USES_THE_SERVER_UNTIL_KILLED = """
import sys, time
from pathlib import Path
from geoportal.database.cluster import Cluster
with Cluster(Path(sys.argv[1])) as cluster:
    print(cluster.url, flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def home(open_folder: Path) -> Path:
    """One for all tests here: each leaves the server stopped. Too deep for the path of a socket to lie in it."""
    return open_folder.joinpath(*["tief"] * 25, "postgres")


def postmaster(home: Path) -> int:
    return int((home / "cluster/postmaster.pid").read_text().split()[0])


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_gone(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return not Path(f"/proc/{pid}/cmdline").read_bytes()
    return True


def wait_for_end(pid: int) -> None:
    wait_until(lambda: is_gone(pid), 120)


def test_a_new_server_has_two_roles_one_database_and_the_extensions(home: Path) -> None:
    with Cluster(home) as cluster, psycopg.connect(cluster.url) as owner, psycopg.connect(cluster.read_url) as reader:
        extensions = {name for (name,) in owner.execute("SELECT extname FROM pg_extension")}
        assert extensions >= set(EXTENSIONS)
        assert owner.execute("SELECT current_user, current_database()").fetchone() == ("geoportal", DATABASE)
        assert reader.execute("SELECT current_user, current_database()").fetchone() == (READ_ROLE, DATABASE)
        assert owner.execute("SELECT rolname FROM pg_roles WHERE rolsuper").fetchall() == [("postgres",)]
    assert not cluster.is_running


def test_a_second_start_finds_port_passwords_and_data_again(home: Path) -> None:
    with Cluster(home) as cluster, psycopg.connect(cluster.url) as connection:
        url = cluster.url
        connection.execute("CREATE TABLE remembered AS SELECT 42 AS answer")
    with Cluster(home) as cluster, psycopg.connect(cluster.url) as connection:
        assert cluster.url == url
        assert connection.execute("SELECT answer FROM remembered").fetchone() == (42,)


def test_nobody_enters_without_a_password_or_as_superuser_by_the_port(home: Path) -> None:
    with Cluster(home) as cluster:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(cluster.read_url, user=OWNER)
        with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
            psycopg.connect(cluster.url, user="postgres")
        with cluster.superuser() as connection:
            assert S_IMODE(Path(connection.info.host).stat().st_mode) == 0o700
        assert S_IMODE((home / "cluster.json").stat().st_mode) == 0o600


def test_the_last_one_to_leave_stops_the_server(home: Path) -> None:
    first, second = Cluster(home), Cluster(home)
    with second:
        with first:
            assert first.url == second.url
        assert second.is_running
    assert not second.is_running


def test_a_server_whose_only_user_was_killed_is_joined_and_stopped(home: Path) -> None:
    command = [sys.executable, "-c", USES_THE_SERVER_UNTIL_KILLED, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as user:
        assert user.stdout
        url = user.stdout.readline().strip()
        user.kill()
    orphan = postmaster(home)
    with Cluster(home) as cluster:
        assert cluster.url == url
        assert postmaster(home) == orphan
    wait_for_end(orphan)


@pytest.mark.parametrize("with_children", [True, False], ids=["all of it", "without its children"])
def test_what_was_committed_outlives_a_killed_server(home: Path, with_children: bool) -> None:
    with Cluster(home) as cluster:
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS survivors (number int)")
            connection.execute("TRUNCATE survivors")
            connection.execute("INSERT INTO survivors SELECT generate_series(1, 1000)")
            sockets = Path(cluster.superuser().info.host)
            killed = postmaster(home)
            for pid in [killed, *(children(killed) if with_children else [])]:
                with suppress(ProcessLookupError):  # a child ends by itself when it sees that its parent is dead
                    os.kill(pid, signal.SIGKILL)
        wait_for_end(killed)
    with Cluster(home) as cluster, psycopg.connect(cluster.url) as connection:
        assert connection.execute("SELECT count(*) FROM survivors").fetchone() == (1000,)
    assert not sockets.exists()


def test_a_pid_that_now_belongs_to_another_process_does_not_stop_the_start(home: Path) -> None:
    with Cluster(home):
        killed = postmaster(home)
        os.kill(killed, signal.SIGKILL)
        wait_for_end(killed)
    pid_file = home / "cluster/postmaster.pid"
    with subprocess.Popen(["sleep", "600"], user=pid_file.stat().st_uid) as stranger:
        pid_file.write_text(pid_file.read_text().replace(str(killed), str(stranger.pid), 1))
        with Cluster(home) as cluster:
            assert postmaster(home) != stranger.pid
        assert not cluster.is_running
        stranger.kill()


def test_a_port_that_somebody_took_is_left_to_them(home: Path) -> None:
    with Cluster(home) as cluster:
        port = make_url(cluster.url).port
    with socket.create_server(("127.0.0.1", port or 0)), Cluster(home) as cluster:
        assert make_url(cluster.url).port != port
        psycopg.connect(cluster.url).close()


def test_half_a_set_of_files_is_written_anew(open_folder: Path) -> None:
    home = open_folder / "half"
    (home / "cluster.unfinished").mkdir(parents=True)
    (home / "cluster.unfinished/PG_VERSION").write_text("15\n")
    (home / "cluster.json").write_text('{"port": ')
    with Cluster(home) as cluster:
        psycopg.connect(cluster.url).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server under another account")
def test_a_folder_that_the_server_cannot_enter_links_to_one_that_it_can(tmp_path: Path) -> None:
    home = tmp_path / "data/postgres"
    tmp_path.chmod(0o700)
    for _ in ("a new server", "the same server"):
        with Cluster(home) as cluster:
            psycopg.connect(cluster.url).close()
        assert home.readlink().parent == Path("/var/lib")
    subprocess.run(["rm", "-r", home.readlink()], check=True)


def test_without_postgis_the_message_is_the_command_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SHARED", tmp_path)
    with pytest.raises(ClusterError, match=r"sudo apt-get install postgresql postgresql-postgis ") as raised:
        Cluster(tmp_path / "postgres").start()
    assert str(raised.value).startswith("Kein PostgreSQL mit PostGIS gefunden.")
    assert not list(tmp_path.iterdir())


def test_a_database_of_another_version_asks_for_that_one(tmp_path: Path) -> None:
    written = tmp_path / "postgres/cluster/PG_VERSION"
    written.parent.mkdir(parents=True)
    written.write_text("12\n", "ascii")
    with pytest.raises(ClusterError, match=r"PostgreSQL 12 .* postgresql-12-postgis-3 "):
        Cluster(tmp_path / "postgres").start()
    assert written.read_text("ascii") == "12\n"


def test_make_installs_what_the_message_names() -> None:
    assert f"\nPOSTGIS := {' '.join(PACKAGES)}\n" in (CHECKOUT / "Makefile").read_text("utf-8")
