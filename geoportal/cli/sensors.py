"""Sensors: listening to the broker, and tokens for those who bring readings over HTTP."""

import logging
import signal

import click

from geoportal import sensors
from geoportal.cli.common import spoken_errors, stop
from geoportal.database import check_schema, owner_engine, sensors_engine
from geoportal.sensors.listening import Listener, ListenError
from geoportal.settings import Settings


@click.group("sensors")
def sensors_group() -> None:
    pass


@sensors_group.command("listen", help="Messwerte vom MQTT-Broker (GEOPORTAL_MQTT_URL) annehmen, bis SIGTERM.")
@click.pass_obj
def listen_command(settings: Settings) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if settings.mqtt_url is None:
        stop("GEOPORTAL_MQTT_URL fehlt, zum Beispiel / is missing: mqtt://localhost:1883")
        return
    with spoken_errors():
        check_schema(owner_engine(settings.require_database_url()))
        engine = sensors_engine(settings.require_sensors_url())
        listener = Listener(engine, settings.home / "layers", settings.mqtt_url)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: listener.stop())
        try:
            listener.run()
        except ListenError as fault:
            stop(str(fault))
    counted = listener.counted
    click.echo(f"{counted.messages} Nachrichten, {counted.kept} neue Werte, {counted.rejected} unmögliche")


@sensors_group.command("token", help="Ein Token für HTTP ausstellen; es wird nur dieses eine Mal gezeigt.")
@click.argument("name")
@click.option("--layer", "layers", multiple=True, required=True, help="Für diesen Layer; mehrfach möglich.")
@click.pass_obj
def token_command(settings: Settings, name: str, layers: tuple[str, ...]) -> None:
    with spoken_errors(), owner_engine(settings.require_database_url()).begin() as connection:
        click.echo(sensors.make_token(connection, name, layers))


@sensors_group.command("revoke", help="Ein Token für ungültig erklären.")
@click.argument("name")
@click.pass_obj
def revoke_command(settings: Settings, name: str) -> None:
    with spoken_errors(), owner_engine(settings.require_database_url()).begin() as connection:
        if not sensors.revoke_token(connection, name):
            stop(f"{name}: kein gültiges Token / no such token")
    click.echo(f"{name} gilt nicht mehr / revoked")
