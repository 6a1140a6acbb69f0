"""The desk's first page."""

from flask import Blueprint, render_template

from geoportal.web.desk.access import Access, open_to


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/", "overview", overview)


@open_to(Access.SIGNED_IN)
def overview() -> str:
    return render_template("desk/overview.html")
