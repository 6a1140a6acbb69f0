"""Sending in files: by a plain form, or by script in pieces (transfers)."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from geoportal import deliveries, workflow
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action
from geoportal.web.desk import transfers
from geoportal.web.desk.access import FORM_KEY, form_key, open_to, require_form_key, who
from geoportal.web.desk.places import gemeinden
from geoportal.web.desk.room import desk
from geoportal.web.portal import portal


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/liefern", "deliver", form)
    bp.add_url_rule("/liefern", "deliver_now", deliver, methods=["POST"])


@open_to(Action.DELIVER)
def form() -> str:
    return _page()


@open_to(Action.DELIVER, takes_files=True)
def deliver() -> BaseResponse | tuple[str, int]:
    """Files of a form go to disk as they arrive (Werkzeug's parser), and from there into the archive."""
    request.max_content_length = workflow.MAX_SIZE + 1024 * 1024
    require_form_key(request.form.get(FORM_KEY, ""))
    ags = request.form.get("gemeinde", "")
    files = [file for file in request.files.getlist("dateien") if file.filename]
    if not files:
        return _page(fault="Bitte wählen Sie mindestens eine Datei."), HTTPStatus.UNPROCESSABLE_ENTITY
    numbers = []
    for file in files:
        size = file.stream.seek(0, 2)
        file.stream.seek(0)
        archive, name = portal().archive, file.filename or ""
        numbers.append(workflow.deliver(desk().engine, archive, who(), ags, name, file.stream, size))
    if len(numbers) == 1:
        return redirect(url_for("desk.delivery", number=numbers[0]), HTTPStatus.SEE_OTHER)
    return redirect(url_for("desk.overview", gemeinde=ags), HTTPStatus.SEE_OTHER)


def _page(fault: str = "") -> str:
    mine = gemeinden(who(), Action.DELIVER)
    with acting(desk().engine, who()) as connection:
        left = deliveries.left_of(connection, [ags for ags, _ in mine])
    return render_template(
        "desk/deliver.html",
        gemeinden=mine,
        names=dict(gemeinden(who(), Action.VIEW)),
        left=left,
        wanted=request.values.get("gemeinde", ""),
        begun=transfers.begun(),
        fault=fault,
        page_data={
            "tus": url_for("desk.tus_create"),
            "formKey": form_key(),
            "maxSize": workflow.MAX_SIZE,
            "piece": 4 * 1024 * 1024,
            "signIn": url_for("desk.sign_in", weiter=url_for("desk.deliver")),
        },
    )
