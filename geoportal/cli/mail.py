"""The letters that wait to be sent: what holds them up, and trying again."""

from datetime import UTC, datetime

import click

from geoportal.cli.common import spoken_errors, stop
from geoportal.database import owner_engine
from geoportal.mail import Letter, Postman, ServerAway, put, queue
from geoportal.settings import Settings, Smtp


@click.group("mail")
def mail_group() -> None:
    pass


@mail_group.command("list", help="Briefe, die warten oder nicht angenommen wurden; ohne Namen und Inhalt.")
@click.pass_obj
def list_command(settings: Settings) -> None:
    with spoken_errors():
        for each in queue.unsent(owner_engine(settings.require_database_url())):
            how = {"waiting": "wartet", "failed": "nicht angenommen"}[each.state]
            tried = f", {each.attempts} Versuche, {each.fault}" if each.fault else ""
            click.echo(f"{each.id}  {each.created_at:%Y-%m-%d %H:%M}  {each.kind}  {how}{tried}")


@mail_group.command("show", help="Einen Brief lesen, der noch nicht hinausging (er enthält Persönliches).")
@click.argument("number", type=int)
@click.pass_obj
def show_command(settings: Settings, number: int) -> None:
    with spoken_errors():
        found = queue.read(owner_engine(settings.require_database_url()), number)
        if found is None:
            stop(f"{number}: nicht (mehr) da / not there")
        else:
            recipient, subject, body = found
            click.echo(f"An: {recipient}\nBetreff: {subject}\n\n{body}")


@mail_group.command("retry", help="Alle nicht angenommenen noch einmal versuchen.")
@click.pass_obj
def retry_command(settings: Settings) -> None:
    with spoken_errors():
        count = queue.again(owner_engine(settings.require_database_url()), datetime.now(UTC))
        click.echo(f"{count} Briefe warten wieder.")


@mail_group.command("test", help="Einen Probebrief schreiben und alles Wartende gleich senden.")
@click.argument("recipient")
@click.pass_obj
def test_command(settings: Settings, recipient: str) -> None:
    if settings.smtp is None:
        stop("GEOPORTAL_SMTP_URL ist nicht gesetzt. / No mail server is configured.")
    else:
        with spoken_errors():
            _test(settings, settings.smtp, recipient)


def _test(settings: Settings, smtp: Smtp, recipient: str) -> None:
    engine = owner_engine(settings.require_database_url())
    letter = Letter("test", recipient, "Probe", "Das Geoportal kann Briefe senden.\n")
    with engine.begin() as connection:
        put(connection, letter, settings.host_name, datetime.now(UTC))
    try:
        click.echo(f"{Postman(engine, smtp).send_due()} Briefe gesendet.")
    except ServerAway as fault:
        stop(f"Der Mailserver nimmt nichts an ({fault}). / The mail server takes nothing.")
