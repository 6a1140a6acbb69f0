"""Thematic layers."""

import sys

import click

from geoportal import operations
from geoportal.cli.common import spoken_errors
from geoportal.database import owner_engine
from geoportal.settings import Settings


@click.group("layers", help="Themenlayer.")
def layers_group() -> None:
    pass


@layers_group.command("sync", help="Themenlayer aus ihren Quellen neu laden.")
@click.pass_obj
def sync_command(settings: Settings) -> None:
    with spoken_errors():
        results = operations.sync_layers(owner_engine(settings.require_database_url()), settings.home)
    for result in results:
        click.echo(str(result))
    if any(result.fault for result in results):
        sys.exit(1)
