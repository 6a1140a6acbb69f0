"""The command line. Each command parses, calls one operation, and says in words what came of it."""

import os

import click

from geoportal.cli import archives, downloads, keeping, layers, mail, people, places, plans, running, saving, sensors
from geoportal.cli.common import stop
from geoportal.settings import Settings, SettingsError
from plans_ingest import kreis


@click.group(help="Geoportal: Bauleitpläne und Fachdaten annehmen, prüfen, veröffentlichen.")
@click.pass_context
def main(context: click.Context) -> None:
    try:
        context.obj = Settings.from_env(os.environ)
    except SettingsError as fault:
        stop(str(fault))
    if context.obj.gemeinden is not None:
        kreis.serve(context.obj.gemeinden)


for _command in (
    plans.ingest_command,
    plans.withdraw_command,
    plans.restore_command,
    plans.merge_command,
    plans.check_command,
    plans.export_command,
    plans.template_command,
    plans.receive_command,
    plans.uploads_command,
    plans.cancel_command,
    running.migrate_command,
    running.serve_command,
    running.demo_command,
    running.work_command,
    running.watch_command,
    keeping.install_command,
    keeping.upgrade_command,
    saving.backup_command,
    saving.backups_command,
    saving.restore_command,
    saving.drill_command,
    running.sweep_command,
    layers.layers_group,
    sensors.sensors_group,
    downloads.downloads_group,
    archives.archive_group,
    people.users_group,
    people.audit_group,
    places.import_group,
    mail.mail_group,
):
    main.add_command(_command)
