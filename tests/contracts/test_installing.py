"""A machine that `geoportal install` sets up has what `make demo` asks for, and its files fit together."""

import re
from pathlib import Path

import pytest
import yaml
from click import Command, Context, Group
from click.testing import CliRunner

from geoportal.cli import main
from geoportal.database.cluster import EXTENSIONS, PACKAGES
from geoportal.installing import InstallError, Place, plan
from geoportal.installing.plan import PROGRAMS, Server, listening
from geoportal.settings import CHECKOUT
from geoportal.timetable import PERIODIC

TEMPLATES = CHECKOUT / "geoportal/installing/templates"


@pytest.mark.parametrize("name", ["POSTGIS", "SANDBOX", "PRINTING"])
def test_what_make_installs_is_installed_there_too(name: str) -> None:
    makefile = (CHECKOUT / "Makefile").read_text("utf-8")
    [packages] = re.findall(rf"^{name} := (.*)$", makefile, re.MULTILINE)
    assert set(packages.split()) <= {*PACKAGES, *PROGRAMS}
    if name == "PRINTING":
        assert all(package in (CHECKOUT / "Containerfile").read_text("utf-8") for package in packages.split())


def test_of_two_postgresqls_the_one_at_our_port_is_set_up() -> None:
    """As pg_lsclusters has them after a machine went from Debian 12 to 13, and after pg_upgradecluster."""
    older = "15  main    {} online postgres /var/lib/postgresql/15/main /var/log/postgresql/postgresql-15-main.log\n"
    newer = "17  main    {} online postgres /var/lib/postgresql/17/main /var/log/postgresql/postgresql-17-main.log\n"
    assert listening(older.format(5432) + newer.format(5433)) == Server("15", "main")
    assert listening(older.format(5433) + newer.format(5432)) == Server("17", "main")
    assert Server("17", "main").configuration == Path("/etc/postgresql/17/main/conf.d/geoportal.conf")
    assert listening(newer.format(5433)) is listening("") is None


@pytest.mark.parametrize(
    "file", ["Makefile", *(f"geoportal/installing/templates/{f.name}" for f in sorted(TEMPLATES.iterdir()))]
)
def test_no_version_of_postgresql_is_written_down(file: str) -> None:
    assert not re.search(r"postgresql(-|/|@)1\d", (CHECKOUT / file).read_text("utf-8"))


def test_whoever_signs_in_to_the_database_of_the_containers_is_made_there() -> None:
    composed = (CHECKOUT / "compose.yaml").read_text("utf-8")
    signs_in = dict(re.findall(r"postgresql://(\w+):\$\{(\w+):\?\}@database", composed))
    made = (CHECKOUT / "containers/roles.sql").read_text("utf-8")
    known = dict(re.findall(r"\\getenv (\w+) (\w+)", made))
    roles = {role: known[name] for role, name in re.findall(r"ALTER ROLE (\w+) LOGIN PASSWORD :'(\w+)'", made)}
    assert signs_in == roles
    [listed] = re.findall(r"unnest\('\{(geoportal,.*_\w+)\}'", made.partition("CREATE DATABASE")[0])
    assert set(listed.split(",")) == roles.keys()
    assert set(re.findall(r"CREATE EXTENSION IF NOT EXISTS (\w+);", made)) == set(EXTENSIONS)
    database = yaml.safe_load(composed)["services"]["database"]["environment"]
    assert set(roles.values()) <= database.keys()


def test_the_database_of_the_containers_puts_its_log_aside_as_an_installed_one_does() -> None:
    place = Place("geoportal.example.de", CHECKOUT)
    installed = plan._Texts(place).render("postgresql.conf")
    settings = dict(re.findall(r"^(archive_\w+) = '?(.*?)'?$", installed, re.MULTILINE))
    services = yaml.safe_load((CHECKOUT / "compose.yaml").read_text("utf-8"))["services"]
    composed = dict(re.findall(r"--(archive_\w+)=(.*)", "\n".join(services["database"]["command"])))
    assert settings == composed
    assert {"archive_mode", "archive_timeout", "archive_command"} == settings.keys()
    for name, paths in {
        "database": {place.wal},
        "base": {place.wal, place.base},
        "point-in-time": {place.base},
    }.items():
        assert {str(path) for path in paths} <= {
            path for volume in services[name]["volumes"] for path in volume.split(":")
        }, name


def test_backups_are_out_of_reach_of_who_answers_strangers_or_reads_their_files() -> None:
    services = yaml.safe_load((CHECKOUT / "compose.yaml").read_text("utf-8"))["services"]
    holding = {
        name
        for name, service in services.items()
        if any("/var/backups" in volume for volume in service.get("volumes", ()))
    }
    assert holding == {"database", "base", "point-in-time", "timetable"}
    assert "database" not in services["proxy"].get("networks", [])


def test_nginx_is_told_where_the_web_server_of_the_containers_is(tmp_path: Path) -> None:
    told = ["nginx-site", "--door", "unix:/run/door/web.sock", "--into", str(tmp_path / "site")]
    done = CliRunner().invoke(main, told, env={"GEOPORTAL_URL": "https://geoportal.example.de"})
    assert done.exit_code == 0, done.output
    site = (tmp_path / "site").read_text("utf-8")
    assert "server_name geoportal.example.de;" in site
    assert set(re.findall(r"^ +server (\S+) ", site, re.MULTILINE)) == {"unix:/run/door/web.sock"}
    for wrong, says in (({"GEOPORTAL_URL": "http://localhost"}, "GEOPORTAL_URL"), ({}, "unix:/pfad")):
        telling = told if wrong else [*told[:2], "/run/door; }", *told[3:]]
        refused = CliRunner().invoke(main, telling, env={"GEOPORTAL_URL": "https://geoportal.example.de"} | wrong)
        assert (refused.exit_code, says in refused.output) == (1, True)


@pytest.mark.parametrize("command", [task.command for task in PERIODIC.values()])
def test_each_timer_runs_a_command_that_there_is(command: str) -> None:
    found: Command | None = main
    for word in command.split():
        assert isinstance(found, Group)
        found = found.get_command(Context(main), word)
    assert found is not None
    assert found.callback is not None


@pytest.mark.parametrize("unit", sorted(TEMPLATES.glob("geoportal-*.service")), ids=lambda file: file.stem)
def test_each_service_is_shut_in_and_gets_only_its_own_secrets(unit: object) -> None:
    text = unit.read_text("utf-8")  # type: ignore[attr-defined]
    assert "{{ hardening }}" in text
    assert ("owner.env" in text) == ("User=geoportal\n" in text), "only the owner's account knows the owner's password"
    assert "MemoryMax=" in text


@pytest.mark.parametrize("unit", ["geoportal-web", "geoportal-work"])
def test_whoever_opens_files_of_strangers_may_build_walls_around_their_reader(unit: str) -> None:
    """bubblewrap makes namespaces, mounts, and asks over netlink for the loopback of an empty network."""
    said = [line.partition("=") for line in (TEMPLATES / f"{unit}.service").read_text("utf-8").splitlines()]
    words = {(name, word) for name, _, values in said for word in values.split()}
    for kind in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup"):  # --unshare-all
        assert ("RestrictNamespaces", kind) in words
    assert ("RestrictAddressFamilies", "AF_NETLINK") in words
    assert {word for name, word in words if name == "SystemCallFilter"} == {"@system-service", "@mount"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "--trial"),
        (["--trial", "--logs-to", "http://log.example"], "https://"),
        (["--trial", "--logs-to", "https://log.example\nTrustedCertificateFile=all"], "https://"),
    ],
)
def test_what_would_leave_a_machine_open_is_refused(given: list[str], says: str) -> None:
    found = CliRunner().invoke(main, ["install", "--domain", "geoportal.example.de", *given])
    assert (found.exit_code, says in found.output) == (1, True), found.output


def test_logs_go_nowhere_without_certificates_of_both_sides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(plan, "ETC", tmp_path)
    with pytest.raises(InstallError, match=r"logs\.key"):
        list(plan._logs(plan._Texts(Place("geoportal.example.de", CHECKOUT, logs="https://log.example"))))
