"""The Gemeinden by name, and which of them a person may do something for."""

from geoportal.accounts.roles import Action, Principal
from plans_ingest.gemeinden import all_gemeinden


def gemeinden(who: Principal, action: Action) -> list[tuple[str, str]]:
    """(AGS, name) of those in which the person may do this, to own things at least; by name."""
    names = {each.ags: each.name for each in all_gemeinden()}
    mine = who.gemeinden(action, tuple(names))
    return sorted(((ags, names[ags]) for ags in mine), key=lambda each: each[1])
