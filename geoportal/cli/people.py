"""Accounts of those who sign in, and the log of what they did."""

import csv
import sys
from datetime import UTC, datetime

import click

from geoportal import maintenance
from geoportal.accounts import audit, people
from geoportal.accounts.letters import AccountLetters
from geoportal.accounts.roles import Role
from geoportal.cli.common import Ags, spoken_errors, stop
from geoportal.database import owner_engine
from geoportal.settings import Settings
from plans_ingest.gemeinden import Gemeinde

_ROLE = click.Choice(list(Role), case_sensitive=False)


@click.group("users")
def users_group() -> None:
    pass


@users_group.command(
    "invite",
    help="Ein Konto anlegen; sendet (ohne Mailserver: druckt) den Link, über den die Person ihr Passwort wählt.",
)
@click.argument("email")
@click.option("--name", required=True, help="Wie die Person heißt.")
@click.option("--role", type=_ROLE, required=True)
@click.option("--gemeinde", type=Ags(), multiple=True, help="AGS; mehrfach möglich. Nicht bei kreis und auditor.")
@click.option("--provider", is_flag=True, help="Meldet sich beim Anbieter des Kreises an (OpenID Connect).")
@click.pass_obj
def invite_command(
    settings: Settings, email: str, name: str, role: Role, gemeinde: tuple[Gemeinde, ...], *, provider: bool
) -> None:
    with spoken_errors():
        if provider and settings.provider is None:
            stop("GEOPORTAL_OIDC_ISSUER ist nicht gesetzt. / No provider is configured.")
        issuer = settings.provider.issuer if provider and settings.provider else None
        try:
            memberships = [people.require_place(role, each.ags) for each in gemeinde] or [
                people.require_place(role, None)
            ]
            engine = owner_engine(settings.require_database_url())
            letters = _letters(settings)
            secret = people.invite(engine, email, name, memberships, _now(), issuer=issuer, letters=letters)
        except ValueError as fault:
            stop(str(fault))
        except people.AccountExists:
            stop(f"{email}: gibt es schon; Rollen mit `users grant`. / Exists already.")
        else:
            if letters is not None and secret is not None:
                click.echo(f"{email}: Einladung per E-Mail unterwegs, 7 Tage gültig. / Invitation is on its way.")
            else:
                _print_link(settings, secret, "7 Tage")


@users_group.command("list", help="Alle Konten mit ihren Rollen.")
@click.pass_obj
def list_command(settings: Settings) -> None:
    with spoken_errors():
        for each in people.everybody(owner_engine(settings.require_database_url())):
            state = "gesperrt" if each.locked_at else "bereit" if each.is_ready else "eingeladen"
            second = ", zweiter Faktor" if each.has_second_factor else ""
            click.echo(f"{each.email}  {each.name}  {state}{second}  {each.roles or 'keine Rolle'}")


@users_group.command("grant", help="Eine Rolle geben.")
@click.argument("email")
@click.option("--role", type=_ROLE, required=True)
@click.option("--gemeinde", type=Ags())
@click.pass_obj
def grant_command(settings: Settings, email: str, role: Role, gemeinde: Gemeinde | None) -> None:
    _change_role(settings, email, role, gemeinde, take_away=False)


@users_group.command("revoke", help="Eine Rolle nehmen.")
@click.argument("email")
@click.option("--role", type=_ROLE, required=True)
@click.option("--gemeinde", type=Ags())
@click.pass_obj
def revoke_command(settings: Settings, email: str, role: Role, gemeinde: Gemeinde | None) -> None:
    _change_role(settings, email, role, gemeinde, take_away=True)


@users_group.command("lock", help="Ein Konto sperren: keine Anmeldung, alle Sitzungen und Schlüssel enden.")
@click.argument("email")
@click.pass_obj
def lock_command(settings: Settings, email: str) -> None:
    with spoken_errors(), _known():
        people.lock(owner_engine(settings.require_database_url()), email, _now())


@users_group.command("unlock", help="Ein gesperrtes Konto wieder zulassen.")
@click.argument("email")
@click.pass_obj
def unlock_command(settings: Settings, email: str) -> None:
    with spoken_errors(), _known():
        people.unlock(owner_engine(settings.require_database_url()), email)


@users_group.command("reset", help="Druckt einen Link, über den die Person ein neues Passwort wählt.")
@click.argument("email")
@click.option("--second-factor", is_flag=True, help="Auch den zweiten Faktor entfernen (Telefon und Codes verloren).")
@click.pass_obj
def reset_command(settings: Settings, email: str, *, second_factor: bool) -> None:
    with spoken_errors(), _known():
        engine = owner_engine(settings.require_database_url())
        if second_factor:
            people.drop_second_factor(engine, email)
        _print_link(settings, people.reset_link(engine, email, _now()), "eine Stunde")


@click.group("audit")
def audit_group() -> None:
    pass


@audit_group.command("verify", help="Ob kein Eintrag geändert oder entfernt wurde.")
@click.option("--head", help="Die Prüfsumme einer früheren Prüfung, die noch vorkommen muss.")
@click.pass_obj
def verify_command(settings: Settings, head: str | None) -> None:
    engine = owner_engine(settings.require_database_url())
    with spoken_errors(), maintenance.recorded(engine, "audit") as detail, engine.connect() as connection:
        verdict = audit.verify(connection)
        detail |= {"entries": verdict.entries, "head": verdict.head}
        if verdict.broken is not None:
            detail["fault"] = f"Eintrag {verdict.broken} ist nicht mehr, wie er geschrieben wurde."
            stop(f"{detail['fault']} / Entry was tampered with.")
        if head is not None and not audit.contains(connection, head):
            detail["fault"] = "Die genannte Prüfsumme kommt nicht mehr vor: Einträge fehlen."
            stop(f"{detail['fault']} / Entries are missing.")
        click.echo(f"{verdict.entries} Einträge, unverändert. Prüfsumme: {verdict.head or '-'}")


@audit_group.command("export", help="Alle Einträge als CSV, der neueste zuerst.")
@click.pass_obj
def export_command(settings: Settings) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(audit.COLUMNS)
    with spoken_errors(), owner_engine(settings.require_database_url()).connect() as connection:
        writer.writerows(audit.rows(connection))


class _known:  # noqa: N801 - reads as the statement it is
    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, fault: BaseException | None, traceback: object) -> None:
        if isinstance(fault, people.NoAccount):
            stop(f"{fault}: kein solches Konto / no such account")


def _change_role(settings: Settings, email: str, role: Role, gemeinde: Gemeinde | None, *, take_away: bool) -> None:
    with spoken_errors(), _known():
        try:
            membership = people.require_place(role, None if gemeinde is None else gemeinde.ags)
        except ValueError as fault:
            stop(str(fault))
        else:
            engine = owner_engine(settings.require_database_url())
            (people.revoke if take_away else people.grant)(engine, email, membership)


def _letters(settings: Settings) -> AccountLetters | None:
    return None if settings.smtp is None else AccountLetters(settings.public_url, settings.host_name)


def _print_link(settings: Settings, secret: str | None, how_long: str) -> None:
    if secret is None:
        click.echo("Eingeladen; die Person meldet sich beim Anbieter an. / Invited; signs in at the provider.")
        return
    click.echo(f"Link, einmal und {how_long} gültig / valid once:\n{settings.public_url}/werkbank/einladung/{secret}")


def _now() -> datetime:
    return datetime.now(UTC)
