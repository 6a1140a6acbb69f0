"""Who calls a command waits for what it needs, and for nothing else."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from geoportal import cli
from geoportal.settings import CHECKOUT
from tests.files import plan, write, xplangml

FOLDER = CHECKOUT / "geoportal/cli"
MODULES = sorted(file.stem for file in FOLDER.glob("*.py") if file.stem != "__init__")
PARENT = click.Context(cli.main)
# what is large, and wanted by few: the web, GDAL and its tables, migrations, buckets, letters of maps, workbooks
LARGE = {
    "alembic", "boto3", "botocore", "flask", "fontTools", "geopandas", "gunicorn", "pandas", "pygeoapi", "pyogrio",
    "rasterio", "weasyprint", "xlsxwriter",
}  # fmt: skip


def loaded(*statement: str) -> set[str]:
    """The large packages that a new process has loaded after these lines."""
    script = "\n".join([*statement, "import sys", "sys.stderr.write(' '.join(sys.modules))"])
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return LARGE & set(done.stderr.split())


def called(*arguments: str) -> set[str]:
    return loaded("from geoportal.cli import main", f"main({list(arguments)!r}, standalone_mode=False)")


def test_the_list_of_commands_loads_none_of_them() -> None:
    assert called("--help") == set()


def test_checking_a_plan_file_loads_no_server_and_none_of_gdal(tmp_path: Path) -> None:
    assert called("check", str(write(tmp_path / "plan.gml", xplangml(plan())))) == set()


def test_the_web_server_begins_without_the_tools_of_others() -> None:
    assert loaded("from geoportal.cli import running", "from geoportal import serving, wsgi") == {
        "flask", "gunicorn", "pygeoapi"
    }  # fmt: skip


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_each_command_is_there_and_says_what_it_does(name: str) -> None:
    found = cli.main.get_command(PARENT, name)
    assert found is not None
    assert found.name == name
    told = CliRunner().invoke(cli.main, [name, "--help"]).output
    assert cli.COMMANDS[name][1].split()[0] in told


def test_no_command_is_forgotten_in_the_list_and_none_hides_another() -> None:
    made = [
        found
        for module in MODULES
        for found in vars(importlib.import_module(f"geoportal.cli.{module}")).values()
        if isinstance(found, click.Command)
    ]
    below = [child for group in made if isinstance(group, click.Group) for child in group.commands.values()]
    assert sorted(str(each.name) for each in made if each not in below) == sorted(cli.COMMANDS)


def test_a_command_that_there_is_not_is_told() -> None:
    done = CliRunner().invoke(cli.main, ["veröffentlichen"])
    assert done.exit_code == 2
    assert "No such command" in done.output
