"""Each command line that a document, an alert or a message names can be typed as it stands there."""

import re
import shlex
from collections.abc import Iterator
from itertools import chain, takewhile
from pathlib import Path

import click
import pytest
import yaml

from geoportal import cli
from geoportal.settings import CHECKOUT

# before the program's name: who runs it, and with what in its environment
_BEFORE = re.compile(r"^\s*(?:\$ )?(?:sudo )?(?:\w+=\S+ )*(?:[\w./…-]*/)?geoportal\s+")
_END = re.compile(r"^(?:&&|;|\||[12]?>.*|#.*)$")
_DOCUMENTS = [
    file
    for file in chain(CHECKOUT.glob("*.md"), (CHECKOUT / "docs").rglob("*.md"))
    if "decisions" not in file.parts and file.name != "CHANGELOG.md"
]


def typed(text: str) -> list[str] | None:
    """The words after the program's name, up to the end of this command; None for anything but a line of ours."""
    if _BEFORE.match(text) is None:
        return None
    lexer = shlex.shlex(_BEFORE.sub("", text, count=1), posix=True, punctuation_chars=";&|")
    lexer.whitespace_split, lexer.commenters = True, "#"
    return list(takewhile(lambda word: _END.match(word) is None, lexer))


def lines_of(document: str) -> Iterator[tuple[str, bool]]:
    """What may be a command line, and whether it stands in a block: there it is complete."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", document, re.DOTALL | re.MULTILINE)
    for block in blocks:
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|;", line.split(" #")[0]):
                yield part, True
    prose = re.sub(r"^```.*?^```", "", document, flags=re.DOTALL | re.MULTILINE)
    for line in re.findall(r"`([^`]+)`", prose):
        yield re.sub(r"\s+", " ", line), False


def fault(words: list[str], *, is_complete: bool) -> str:
    """Why the program would not take these words; empty where it would. `…` stands for what the reader fills in.

    In prose a command is often only named: there neither a group nor a command needs all that it would be given.
    """
    found: click.Command = cli.main
    context = click.Context(found)
    while isinstance(found, click.Group):
        if not words:
            return "" if not is_complete else f"{context.command_path}: which of {found.list_commands(context)}?"
        name, *words = words
        below = found.get_command(context, name)
        if below is None:
            return f"there is no {name} in {context.command_path}"
        context = click.Context(below, info_name=name, parent=context)
        found = below
    try:
        given, left, _ = found.make_parser(context).parse_args(args=words)
    except click.BadOptionUsage as raised:  # an option that is there, without its value
        return raised.format_message() if is_complete else ""
    except click.UsageError as raised:
        return raised.format_message()
    if left:
        return f"{name} does not know what to do with {left}"
    if not is_complete or "…" in words:
        return ""
    # what was not typed stands there as a mark of click's own
    lacking = [
        each.name for each in found.params if each.required and not isinstance(given.get(each.name), (str, list, tuple))
    ]
    return f"{name} lacks {lacking}" if lacking else ""


@pytest.mark.parametrize("file", _DOCUMENTS, ids=lambda file: str(file.relative_to(CHECKOUT)))
def test_each_command_line_of_a_document_can_be_typed(file: Path) -> None:
    for line, is_complete in lines_of(file.read_text("utf-8")):
        words = typed(line)
        assert words is None or not fault(words, is_complete=is_complete), line


def test_each_command_that_an_alert_advises_can_be_typed() -> None:
    alerts = yaml.safe_load((CHECKOUT / "docs/operations/alerts.yml").read_text("utf-8"))
    advised = [
        words
        for group in alerts["groups"]
        for rule in group["rules"]
        for part in re.split(r"[;:]|, (?=die )", rule["annotations"]["todo"])
        if (words := typed(part.strip())) is not None
    ]
    assert advised
    assert [words for words in advised if fault(words, is_complete=True)] == []


def test_each_command_that_a_container_runs_can_be_typed() -> None:
    services = yaml.safe_load((CHECKOUT / "compose.yaml").read_text("utf-8"))["services"].values()
    ours = [service for service in services if service["image"] == "localhost/geoportal:local"]
    run = [service["command"] for service in ours if "command" in service]
    assert ["serve"] in run
    assert [words for words in run if fault(words, is_complete=True)] == []


def test_what_rootless_containers_have_otherwise_is_said_of_services_that_there_are() -> None:
    files = [yaml.safe_load((CHECKOUT / name).read_text("utf-8")) for name in ("compose.yaml", "compose.rootless.yaml")]
    whole, otherwise = (file["services"] for file in files)
    assert set(otherwise) < set(whole)
    assert "networks" not in whole["proxy"], "which would not go with a network mode"
    assert set(otherwise["watch"]["environment"]) < set(whole["watch"]["environment"])


def test_each_command_that_a_message_advises_can_be_typed() -> None:
    quoted = re.compile(r"""["`]geoportal ([a-z][a-z -]*)["`;]""")
    sources = chain((CHECKOUT / "geoportal").rglob("*.py"), (CHECKOUT / "plans_ingest").rglob("*.py"))
    advised = {match for file in sources for match in quoted.findall(file.read_text("utf-8"))} - {
        "form",
        "statement form",
    }
    assert {"migrate", "backup", "layers sync"} <= advised
    assert [words for words in sorted(advised) if fault(words.split(), is_complete=False)] == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("geoportal vanish", "no vanish"),
        ("geoportal users", "which of"),
        ("geoportal users lock", "lacks"),
        ("geoportal backup --now", "--now"),
        ("sudo .venv/bin/geoportal restore latest again", "again"),
        ("geoportal restore latest && geoportal vanish", ""),
        ("geoportal install --domain … --certificate …", ""),
    ],
)
def test_a_command_line_that_is_wrong_is_found(line: str, says: str) -> None:
    words = typed(line)
    assert words is not None
    found = fault(words, is_complete=True)
    assert says in found if says else not found
