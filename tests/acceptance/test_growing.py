"""More than one of each: a second database for all reading, several web servers and workers on one database."""

import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from geoportal.database.cluster import Cluster
from geoportal.settings import READ_ROLE, Settings
from tests.acceptance.test_faults import AWAY, SERVED, Town, filled, until
from tests.desk import token_for
from tests.files import archive, pdf, plan, prop, xplangml
from tests.integration.test_backups import BEGRUENDUNG
from tests.processes import command, free_port
from tests.stack import Stack
from tests.store import Swift, environment_of


@dataclass
class Replica:
    """A second server that follows the first one's log."""

    url: str

    def names(self) -> list[str]:
        with psycopg.connect(self.url) as connection:
            return [row[0] for row in connection.execute("SELECT name FROM ogc.bebauungsplaene ORDER BY name")]


@contextmanager
def replica_of(primary: Cluster, folder: Path) -> Iterator[Replica]:
    """As docs/operations/scaling.md sets it up: a base backup, then streaming, over a role that may only replicate."""
    let_in(primary)
    source = f"host=127.0.0.1 port={urlsplit(primary.url).port} user=replica password=replica"
    port, sockets = free_port(), primary._owned(Path(tempfile.mkdtemp(prefix="geoportal-")))
    folder.mkdir(mode=0o700)
    primary._owned(folder)
    primary._run("pg_basebackup", "-R", "-X", "stream", "-c", "fast", "-d", source, files=folder)
    options = f"-c port={port} -c unix_socket_directories={sockets} -c hot_standby_feedback=on"
    primary._run("pg_ctl", "start", "-l", str(folder / "server.log"), "-o", options, files=folder)
    try:
        read = urlsplit(primary.url_of(READ_ROLE, "geoportal"))
        yield Replica(read._replace(netloc=read.netloc.replace(f":{read.port}", f":{port}")).geturl())
    finally:
        primary._run("pg_ctl", "stop", "-m", "immediate", files=folder)


def let_in(primary: Cluster) -> None:
    with primary.superuser() as connection:
        connection.execute(
            "DO $$ BEGIN CREATE ROLE replica REPLICATION LOGIN PASSWORD 'replica'; "
            "EXCEPTION WHEN duplicate_object THEN END $$"
        )
        access = primary._files / "pg_hba.conf"
        access.write_text(access.read_text("ascii") + "host replication replica 127.0.0.1/32 scram-sha-256\n", "ascii")
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="module")
def primary(open_folder: Path) -> Iterator[Cluster]:
    with Cluster(open_folder / "primary") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def settings(primary: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return filled(primary, tmp_path_factory.mktemp("growing") / "data")


def test_readers_are_served_from_the_replica_while_the_primary_is_dead(
    primary: Cluster, settings: Settings, open_folder: Path
) -> None:
    with replica_of(primary, open_folder / "replica") as replica, ExitStack() as stay:
        stack = stay.enter_context(Stack(replace(settings, read_database_url=replica.url)))
        stay.enter_context(stack.work())
        town = Town(stack, token_for(settings, name="replikat"))
        before = town.deliver("Davor")
        until(lambda: town.state_of(before) == "checked")
        publish(town, before)
        until(lambda: "Davor" in replica.names())
        primary._run("pg_ctl", "stop", "-m", "immediate")
        assert [town.read().status for _ in range(20)] == [SERVED] * 20
        assert {stack.get(path).status for path in ("/plaene?q=Davor", "/ogc/tiles/WebMercatorQuad/11/687/1074")} == {
            SERVED
        }
        assert town.deliver("Währenddessen").status == AWAY
        primary._launch()
        let_in(primary)
        until(lambda: stack.get("/werkbank/anmelden").status == SERVED)
        after = town.deliver("Danach")
        assert after.status == 202
        until(lambda: town.state_of(after) == "checked")
        publish(town, after)
        until(lambda: "Danach" in replica.names())
        until(lambda: b"Danach" in stack.get("/plaene?q=Danach").body)


def publish(town: Town, delivery: object) -> None:
    path = "/api" + delivery.headers["location"].partition("/api")[2]  # type: ignore[attr-defined]
    key = {"Authorization": f"Bearer {town.token}"}
    found = town.stack.get(path, **key)
    [stamp] = re.findall(r'"stempel": ?"(\w+)"', found.body.decode())
    for step, body in (("zur-freigabe", b"{}"), ("veroeffentlichen", f'{{"stempel": "{stamp}"}}'.encode())):
        answer = town.stack.ask("POST", f"{path}/{step}", body, Content_Type="application/json", **key)
        assert answer.status == 200, answer.body


def test_two_web_servers_and_two_workers_share_one_database_and_one_archive(
    primary: Cluster, settings: Settings
) -> None:
    with ExitStack() as stay:
        stacks = [stay.enter_context(Stack(settings)) for _ in range(2)]
        workers = [stay.enter_context(stack.work()) for stack in stacks]
        token = token_for(settings, name="zwei")
        towns = [Town(stack, token) for stack in stacks]
        sent = [towns[number % 2].deliver(f"Knoten {number}") for number in range(6)]
        assert {answer.status for answer in sent} == {202}
        until(lambda: towns[1].state_of(sent[0]) == "checked")
        workers[0].send_signal(signal.SIGKILL)
        # what was delivered here is told there; what the dead one held is taken up by the other
        for number, answer in enumerate(sent):
            until(lambda number=number, answer=answer: towns[1 - number % 2].state_of(answer) == "checked")  # type: ignore[misc]
        with psycopg.connect(primary.url) as connection:
            [double] = connection.execute("""
                SELECT count(*) FROM (SELECT name FROM plans.version WHERE name LIKE 'Knoten %'
                                      GROUP BY name HAVING count(*) > 1) AS several""").fetchone() or (None,)
        assert double == 0


def test_two_machines_share_one_bucket_and_no_folder(settings: Settings, tmp_path: Path) -> None:
    document = xplangml(plan(name="Eimer", nummer="Eimer", extra=prop("rechtsstand", "4000") + BEGRUENDUNG))
    delivery = archive(tmp_path / "Eimer.zip", {"xplan.gml": document, "b.pdf": pdf("Eimer")}).read_bytes()
    with Swift() as store, ExitStack() as stay:
        where = store.new_bucket()
        machines = [replace(settings, data=tmp_path / name, run=tmp_path / name / "run") for name in ("eins", "zwei")]
        for machine in machines:
            machine.data.mkdir()
        one, two = (stay.enter_context(Stack(machine, **environment_of(where))) for machine in machines)
        stay.enter_context(two.work())
        here, there = (Town(stack, token_for(settings, name=stack.folder.name)) for stack in (one, two))
        sent = here.send("Eimer.zip", delivery)
        assert sent.status == 202
        until(lambda: here.state_of(sent) == "checked")  # by the worker of the other machine
        publish(here, sent)
        address = f"/dokument/{sha256(pdf('Eimer')).hexdigest()}/b.pdf"
        assert [stack.get(address).body for stack in (one, two)] == [pdf("Eimer")] * 2
        built = subprocess.run(command("downloads", "build", "bebauungsplaene"), env=two.environ, check=True)
        assert built.returncode == 0
        file = "/downloads/bebauungsplaene.geojson"
        until(lambda: {stack.get(file).status for stack in (one, two)} == {SERVED})
        made = [stack.get(file) for stack in (one, two)]
        assert b"Eimer" in made[0].body
        assert made[0].headers["etag"] == made[1].headers["etag"]
        with store.away():
            assert one.get("/plaene?q=Eimer").status == SERVED
            assert one.get(address).status == SERVED, "there is a copy here"
            assert here.deliver("Nicht angenommen").status == AWAY
        until(lambda: here.deliver("Danach").status == 202)
        one.web.kill()
        assert two.get(address).body == pdf("Eimer")
        until(lambda: b"Danach" in there.stack.get("/api/v1/lieferungen", Authorization=f"Bearer {there.token}").body)
