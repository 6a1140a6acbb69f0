"""What people say about the columns of a file that is no XPlanGML: the verbs, as in workflow."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine

from geoportal import deliveries, sandbox, uploads, workflow
from geoportal.accounts import audit
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action, Principal
from geoportal.archive import Archive
from geoportal.deliveries import Delivered
from geoportal.editing import examining, profiles
from geoportal.operations import NotFound
from geoportal.states import State
from plans_ingest.columns import Seen
from plans_ingest.model import Planwerk
from plans_ingest.profiles import candidates, guessing, is_ignored
from plans_ingest.profiles.model import Column, Profile

CODED: Final = ("planart", "rechtsstand", "verfahren")
IGNORE: Final = "-"
_PROGRAM: Final = ("-m", "plans_ingest.columns")


@dataclass(frozen=True, slots=True)
class Guess:
    """A column and what it means. `meaning` is a field of ours, the number of a document type, `-` or "" ."""

    column: Seen
    meaning: str
    is_said: bool


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a coded field. `codes` by Planwerk, with whether that is certain."""

    feld: str
    word: str
    codes: Mapping[Planwerk, tuple[int | None, bool]]


@dataclass(frozen=True, slots=True)
class Table:
    delivery: Delivered
    columns: Sequence[Guess]
    words: Sequence[Word]
    profile: Profile | None


def look(engine: Engine, archive: Archive, who: Principal, upload: int) -> Table:
    """The columns of a delivered file, with what is known and what is guessed. Raises NotFound, PlanFileError."""
    with acting(engine, who) as connection:
        found = deliveries.one(connection, upload)
        if found is None or not who.may(Action.VIEW, found.ags, found.delivered_by):
            raise NotFound(f"Lieferung {upload}")
        profile = profiles.profile_of(connection, found.ags)
    seen = _columns(archive, found)
    guesses = [_guess(profile, each) for each in seen]
    coded = {guess.meaning: guess.column for guess in guesses if guess.meaning in CODED}
    words = [
        Word(feld, word, {each: guessing.code(profile, feld, each, word) for each in Planwerk})
        for feld in CODED
        if feld in coded
        for word in coded[feld].words
    ]
    return Table(found, guesses, words, profile)


def save(
    engine: Engine,
    who: Principal,
    upload: int,
    columns: Mapping[str, str],
    words: Mapping[str, Mapping[str, Mapping[str, int | None]]],
) -> str:
    """Keeps for the Gemeinde what the columns (name -> meaning) and words (field -> Planwerk -> word -> code) mean;
    what was said before of others stays. Returns her AGS. Raises NotFound, NotAllowed, ValueError.
    """
    said = Profile.model_validate(
        {
            "title": "An der Werkbank zugeordnet",
            "columns": {name: _column(meaning) for name, meaning in columns.items() if meaning not in ("", IGNORE)},
            "ignore": [name for name, meaning in columns.items() if meaning == IGNORE],
            **{feld: _beyond_the_official(feld, words[feld]) for feld in CODED if words.get(feld)},
        }
    )
    with acting(engine, who) as connection:
        found = deliveries.one(connection, upload)
        if found is None or not who.may(Action.VIEW, found.ags, found.delivered_by):
            raise NotFound(f"Lieferung {upload}")
        who.require(Action.EDIT, found.ags, found.delivered_by)
        before = profiles.profile_of(connection, found.ags)
        kept = profiles.over(None if before is None else _without(before, columns, words), said)
        profiles.save(connection, found.ags, kept, who.account_id)
        audit.note(
            connection, who, "profile_saved", f"gemeinde {found.ags}", ags=found.ags,
            columns=sorted(kept.columns), ignored=sorted(kept.ignore),
        )  # fmt: skip
        return found.ags


def read_again(engine: Engine, archive: Archive, who: Principal, upload: int) -> int:
    """The same file once more, as it is read now; what the first reading brought is taken back if nobody has asked for
    its publication. Raises NotFound, NotAllowed, TooMuch.
    """
    with acting(engine, who) as connection:
        found = deliveries.one(connection, upload)
    if found is None or not who.may(Action.VIEW, found.ags, found.delivered_by):
        raise NotFound(f"Lieferung {upload}")
    if found.state is State.CHECKED:
        workflow.discard(engine, who, upload)
    with acting(engine, who) as connection:
        who.require(Action.DELIVER, found.ags, who.account_id)
        if not archive.path(found.sha256).is_file():
            raise NotFound(f"Lieferung {upload}")
        number = uploads.add(connection, found.sha256, found.filename, found.size, found.ags, who.account_id)
        audit.note(connection, who, "read_again", f"upload {number}", ags=found.ags, after=found.sha256, of=upload)
        return number


def manifest(engine: Engine, who: Principal, ags: str) -> dict[str, Any] | None:
    """What is said of a Gemeinde's tables, as it stands in her manifest under `lieferung`. Raises NotAllowed."""
    who.require(Action.VIEW, ags, who.account_id)
    with acting(engine, who) as connection:
        profile = profiles.profile_of(connection, ags)
    return None if profile is None else profiles.plain(profile)


def _beyond_the_official(feld: str, said: Mapping[str, Mapping[str, int | None]]) -> dict[str, dict[str, int]]:
    """Without what is so for everybody: a lookup that holds official numbers would say that all others are not."""
    return {
        planwerk: {
            word: code
            for word, code in known.items()
            if code is not None and guessing.code(None, feld, Planwerk(planwerk), word) != (code, True)
        }
        for planwerk, known in said.items()
    }


def _without(
    profile: Profile, columns: Mapping[str, str], words: Mapping[str, Mapping[str, Mapping[str, int | None]]]
) -> Profile:
    """The profile without what is said anew of these columns and words."""
    names = {name.casefold() for name in columns}
    left = {
        feld: {
            planwerk: {word: code for word, code in known.items() if word not in words.get(feld, {}).get(planwerk, {})}
            for planwerk, known in getattr(profile, feld).items()
        }
        for feld in CODED
    }
    kept = {name: each for name, each in profile.columns.items() if name.casefold() not in names}
    ignored = tuple(each for each in profile.ignore if each.casefold() not in names)
    return profile.model_copy(update={"columns": kept, "ignore": ignored, **left})


def _columns(archive: Archive, found: Delivered) -> list[Seen]:
    with examining.turn(), archive.scratch() as workdir:
        batch = sandbox.read(archive.path(found.sha256), found.filename, workdir=workdir, program=_PROGRAM)
        [answer] = batch.attachments
        return [
            Seen(str(each["name"]), int(each["rows"]), tuple(map(str, each["words"])), bool(each["is_whole"]))
            for each in json.loads(answer.path.read_text("utf-8"))
        ]


def _guess(profile: Profile | None, seen: Seen) -> Guess:
    if any(is_ignored(known, seen.name) for known in candidates(profile)):
        return Guess(seen, IGNORE, is_said=True)
    column, is_said = guessing.column(profile, seen.name, seen.words)
    if column is None:
        return Guess(seen, "", is_said=False)
    return Guess(seen, column.feld or str(column.dokument), is_said)


def _column(meaning: str) -> Column:
    return Column.model_validate({"dokument": int(meaning)} if meaning.isdecimal() else {"feld": meaning})
