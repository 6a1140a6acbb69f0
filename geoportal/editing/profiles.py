"""What a Gemeinde's columns and words mean: her manifest, and over it what somebody has said at the desk."""

import json
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from plans_ingest.gemeinden import Gemeinde, gemeinde_of
from plans_ingest.profiles.model import Profile

_KEPT: Final = text("SELECT profile FROM desk.profile WHERE ags = :ags")
_SAVE: Final = text("""
    INSERT INTO desk.profile (ags, profile, changed_by) VALUES (:ags, CAST(:profile AS jsonb), :account)
    ON CONFLICT (ags) DO UPDATE
    SET profile = excluded.profile, changed_by = excluded.changed_by, changed_at = now()""")
_WORDS: Final = ("planart", "rechtsstand", "verfahren")


def with_profile(engine: Engine, gemeinde: Gemeinde | None) -> Gemeinde | None:
    """The Gemeinde as her next delivery is read."""
    if gemeinde is None:
        return None
    with engine.connect() as connection:
        return gemeinde.model_copy(update={"lieferung": profile_of(connection, gemeinde.ags)})


def profile_of(connection: Connection, ags: str) -> Profile | None:
    """None where nobody has said anything."""
    gemeinde = gemeinde_of(ags)
    manifest = None if gemeinde is None else gemeinde.lieferung
    kept = connection.scalar(_KEPT, {"ags": ags})
    return manifest if kept is None else over(manifest, Profile.model_validate(kept))


def save(connection: Connection, ags: str, profile: Profile, account: int) -> None:
    connection.execute(_SAVE, {"ags": ags, "profile": json.dumps(plain(profile)), "account": account})


def over(below: Profile | None, above: Profile) -> Profile:
    """The second with what only the first says."""
    if below is None:
        return above
    gone = {name.casefold() for name in above.ignore}
    said = {name.casefold() for name in above.columns}
    columns = {name: each for name, each in below.columns.items() if name.casefold() not in gone | said}
    ignored = (*above.ignore, *(each for each in below.ignore if each.casefold() not in said))
    return above.model_copy(
        update={
            "columns": {**columns, **above.columns},
            "ebenen": tuple(dict.fromkeys((*above.ebenen, *below.ebenen))),
            "ignore": tuple(dict.fromkeys(ignored)),
            **{name: _words(getattr(below, name), getattr(above, name)) for name in _WORDS},
        }
    )


def plain(profile: Profile) -> dict[str, Any]:
    """As it is written in a manifest: the short ways, and nothing that says nothing."""
    written = profile.model_dump(exclude_defaults=True)
    for name, column in profile.columns.items():
        only = column.model_dump(exclude_defaults=True)
        if set(only) == {"feld"}:
            written["columns"][name] = column.feld
        elif set(only) == {"dokument"}:
            written["columns"][name] = column.dokument
    if "ignore" in written:
        written["ignore"] = list(profile.ignore)
    if "ebenen" in written:
        written["ebenen"] = list(profile.ebenen)
    return written


def _words(below: Any, above: Any) -> dict[str, dict[str, int]]:
    return {key: {**below.get(key, {}), **above.get(key, {})} for key in sorted({*below, *above})}
