"""What all commands share: parameters of our own, and faults told as one sentence."""

import sys

import click

from plans_ingest.gemeinden import Gemeinde, gemeinde_of


class Ags(click.ParamType[Gemeinde]):
    name = "AGS"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Gemeinde:
        if isinstance(value, Gemeinde):
            return value
        found = gemeinde_of(str(value))
        if found is None:
            self.fail(f"{value}: kein Amtlicher Gemeindeschlüssel einer beteiligten Gemeinde / unknown AGS", param, ctx)
        return found


class spoken_errors:  # noqa: N801 - reads as the statement it is
    """Faults that an operator can mend become one sentence and exit code 1, never a traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, fault: BaseException | None, traceback: object) -> None:
        if isinstance(fault, Exception):
            from geoportal.cli.faults import said  # knows the faults of the whole house, and so loads it

            if (sentence := said(fault)) is not None:
                stop(sentence)


def stop(sentence: str) -> None:
    click.echo(sentence, err=True)
    sys.exit(1)
