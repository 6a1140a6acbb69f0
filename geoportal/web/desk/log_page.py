"""The log of changes: searched on a page, exported as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence

from flask import Blueprint, Response, render_template, request

from geoportal.accounts import audit
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action
from geoportal.web.desk import log_words
from geoportal.web.desk.access import open_to, who
from geoportal.web.desk.places import gemeinden
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery

_LISTED = 100


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/protokoll", "log", page)
    bp.add_url_rule("/protokoll.csv", "log_export", export)


@open_to(Action.AUDIT)
def page() -> str:
    before = request.args.get("vor", "")
    if before and not (before.isascii() and before.isdecimal() and len(before) < 18):
        raise InvalidQuery("vor")
    ags, words = request.args.get("gemeinde", ""), request.args.get("suche", "").strip()[:100]
    action = request.args.get("was", "")
    if action not in {"", *dict(log_words.choices())}:
        raise InvalidQuery("was")
    with acting(desk().engine, who()) as connection:
        entries = audit.search(
            connection,
            ags=ags or None,
            action=action or None,
            words=words or None,
            before=int(before) if before else None,
            limit=_LISTED,
        )
    return render_template(
        "desk/log.html",
        entries=entries,
        gemeinden=gemeinden(who(), Action.AUDIT),
        gemeinde=ags,
        words=words,
        action=action,
        actions=log_words.choices(),
        thing=log_words.thing,
        place=log_words.place,
        detail=log_words.detail,
        plan=log_words.plan,
        is_open=lambda endpoint: endpoint not in log_words.OPEN_TO or who().may_anywhere(log_words.OPEN_TO[endpoint]),
        next_before=entries[-1].id if len(entries) == _LISTED else None,
    )


@open_to(Action.AUDIT)
def export() -> Response:
    engine, principal = desk().engine, who()

    def lines() -> Iterator[str]:
        yield _line(audit.COLUMNS)
        with acting(engine, principal) as connection:
            for row in audit.rows(connection):
                yield _line(row)

    response = Response(lines(), mimetype="text/csv")
    response.headers["Content-Disposition"] = "attachment; filename=protokoll.csv"
    return response


def _line(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
