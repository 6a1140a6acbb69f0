"""From the release that runs to another one, without a request lost, and back when the new one does not do."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from geoportal.installing.plan import ETC, SERVICES, Place
from geoportal.installing.steps import InstallError, Link, Machine

GEOPORTAL: Final = "/usr/local/bin/geoportal"


def upgrade(machine: Machine, release: Path, tell: Callable[[str], None], *, back_up: bool) -> None:
    """Checks, backs up, migrates, changes over, looks whether readers are served; if not, the old release runs again.

    The schema stays migrated in either case: migrations only add (docs/operations/upgrade.md), so that both releases
    work with it. Raises InstallError; then the release that ran before runs.
    """
    place = standing_place(release)
    before = place.program.resolve(strict=True)
    program = str(release / ".venv/bin/geoportal")
    tell(f"{release}: startet das Programm?")
    machine.run(program, "--help")
    if back_up:
        tell("Sicherung")
        machine.run(GEOPORTAL, "backup")
    tell("Rollen")
    # by the new release: it knows which it needs
    machine.run(program, "install", "--domain", place.domain, "--only-database")
    tell("Schema")
    environment = [line for name in ("common.env", "owner.env", "local.env") for line in _lines(ETC / name)]
    machine.run(
        "runuser", "-u", "geoportal", "--", "env", *environment, f"GEOPORTAL_HOME={release}", program, "migrate"
    )
    tell("Wechsel")
    try:
        _change_over(machine, place, release)
    except InstallError as fault:
        tell(f"{fault}\nZurück zu {before}")
        _change_over(machine, place, before)
        raise InstallError(
            f"{release} hat nicht geantwortet; es läuft wieder {before}. Das Schema bleibt neu."
        ) from fault


def standing_place(release: Path) -> Place:
    """Where `geoportal install` has put the portal. Raises InstallError when it has not."""
    file = ETC / "common.env"
    if not file.exists():
        raise InstallError("Hier ist nichts eingerichtet: erst `geoportal install`. / Not installed here.")
    values = dict(line.split("=", 1) for line in _lines(file))
    return Place(values["GEOPORTAL_URL"].removeprefix("https://"), release)


def _change_over(machine: Machine, place: Place, release: Path) -> None:
    """systemd keeps the door open while the web server restarts: requests wait for the new one."""
    Link(place.program, release).do(machine)
    machine.run("systemctl", "restart", *SERVICES)
    machine.run(
        "curl", "--fail", "--silent", "--show-error", "--insecure", "--retry", "15", "--retry-all-errors",
        "--retry-delay", "1", "--resolve", f"{place.domain}:443:127.0.0.1", f"https://{place.domain}/readyz",
    )  # fmt: skip


def _lines(file: Path) -> list[str]:
    if not file.exists():  # local.env is the operator's own
        return []
    return [line for line in file.read_text("utf-8").splitlines() if "=" in line and not line.startswith("#")]
