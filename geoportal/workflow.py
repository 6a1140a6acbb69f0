"""What people do at the desk, each verb one transaction with its entry in the log; web, jobs and API call these.

Every verb asks twice whether the person may: the table of roles here, row-level security in the database.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import IO, Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from geoportal import deliveries, plain_text, store, uploads
from geoportal.accounts import audit, hidden
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action, Principal
from geoportal.archive import Archive, sha256_of
from geoportal.deliveries import Version
from geoportal.editing.drafts import mark
from geoportal.operations import NotFound, NotMergeable
from geoportal.states import IllegalTransition, State, require
from geoportal.uploads import Upload

MAX_SIZE: Final = 500_000_000
MAX_DELIVERIES: Final = 2000  # of one account in thirty days
LINK_DAYS: Final = 30

_LINK = text("""
    INSERT INTO desk.report_link (hash, upload_id, made_by, expires_at) VALUES (:hash, :upload, :account, :expires)""")
_OF_PLANS = text("""
    -- the deliveries that brought a version of these plans, with what became of their versions
    SELECT upload.id, array_agg(DISTINCT version.state) AS states
    FROM plans.upload JOIN plans.version USING (delivery_id)
    WHERE upload.delivery_id IN (SELECT delivery_id FROM plans.version WHERE plan_id = ANY (:plans))
      AND upload.state IN ('published', 'superseded', 'withdrawn')
    GROUP BY upload.id ORDER BY upload.id""")
_DROP = text("UPDATE plans.version SET state = 'withdrawn' WHERE delivery_id = :delivery AND state = 'in_review'")
_FOUR_EYES = text("""
    INSERT INTO desk.gemeinde (ags, four_eyes) VALUES (:ags, :wanted)
    ON CONFLICT (ags) DO UPDATE SET four_eyes = excluded.four_eyes""")
_MERGE = text("SELECT desk.merge_plans(:plan, :into)")
_DUE = text("SELECT id FROM plans.upload WHERE state = 'scheduled' AND publish_on <= :today ORDER BY publish_on, id")


class TooMuch(Exception):
    """The file is larger than a delivery may be, or than what is left of the Gemeinde's quota; or the account has
    delivered MAX_DELIVERIES files in thirty days.
    """


class Changed(Exception):
    """The delivery is not any more what the person has looked at."""


class NewerIsPublic(Exception):
    """A later version of the plan is public already."""


class FourEyes(Exception):
    """In this Gemeinde nobody publishes what they delivered, edited or submitted themselves."""


class NothingToPublish(Exception):
    """No plan of the delivery has what a publication needs."""


class Tampered(Exception):
    """A file of the delivery is not what was checked."""


class ReasonMissing(Exception):
    """Taking something back needs a reason."""


def deliver(
    engine: Engine, archive: Archive, who: Principal, ags: str, filename: str, source: IO[bytes], size: int
) -> int:
    """Keeps the file and queues it to be read; returns the number of the delivery. Raises NotAllowed, TooMuch."""
    who.require(Action.DELIVER, ags, who.account_id)
    require_room(engine, who, ags, size)
    digest = archive.put_stream(source)
    actual = archive.path(digest).stat().st_size
    with acting(engine, who) as connection:
        if actual > min(MAX_SIZE, deliveries.rules(connection, ags).left):
            raise TooMuch
        number = uploads.add(connection, digest, plain_name(filename), actual, ags, who.account_id)
        audit.note(connection, who, "delivered", f"upload {number}", ags=ags, after=digest, file=plain_name(filename))
    return number


def require_room(engine: Engine, who: Principal, ags: str, size: int) -> None:
    """Asked before a file is received. Raises TooMuch."""
    with acting(engine, who) as connection:
        is_large = size > min(MAX_SIZE, deliveries.rules(connection, ags).left)
        if is_large or deliveries.lately_by(connection, who.account_id) >= MAX_DELIVERIES:
            raise TooMuch


def plain_name(filename: str) -> str:
    """A name to show: without path, control and direction characters, of bounded length."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    return plain_text.one_line(name)[:200].strip() or "datei"


def submit(engine: Engine, who: Principal, upload_id: int) -> None:
    """The delivery waits for a publisher. Raises NotFound, NotAllowed, IllegalTransition, NothingToPublish."""
    with acting(engine, who) as connection:
        held = _hold(connection, who, upload_id, Action.SUBMIT)
        require(held.state, State.IN_REVIEW)  # told before what it lacks: whoever was faster has changed that too
        if not _publishable(deliveries.versions(connection, held.delivery_id)):
            raise NothingToPublish
        uploads.move(connection, held, State.IN_REVIEW, submitted_by=who.account_id, returned=None)
        _note(connection, who, "submitted", held)


def send_back(engine: Engine, who: Principal, upload_id: int, reason: str) -> None:
    """The delivery is not published as it is; who delivered it learns why."""
    _require_reason(reason)
    with acting(engine, who) as connection:
        held = _hold(connection, who, upload_id, Action.PUBLISH)
        if held.state is State.SCHEDULED:
            uploads.move(connection, held, State.IN_REVIEW, publish_on=None)
            held = _hold(connection, who, upload_id, Action.PUBLISH)
        uploads.move(connection, held, State.CHECKED, submitted_by=None, returned=plain_text.paragraphs(reason))
        _note(connection, who, "sent_back", held, reason=reason)


def discard(engine: Engine, who: Principal, upload_id: int) -> None:
    """Takes back a delivery that is not public; its file and report are kept."""
    with acting(engine, who) as connection:
        held = _hold(connection, who, upload_id, Action.EDIT)
        if held.state in {State.PUBLISHED, State.SUPERSEDED}:
            require(State.FAILED, State.WITHDRAWN)  # what is public is withdrawn plan by plan, by a publisher
        uploads.move(connection, held, State.WITHDRAWN, step="done", publish_on=None)
        uploads.cancel_job(connection, held)
        if held.delivery_id is not None:
            connection.execute(_DROP, {"delivery": held.delivery_id})
        _note(connection, who, "discarded", held)


def stamp(upload_sha256: str, drafts: Iterable[Version]) -> str:
    """Names exactly what somebody has looked at; goes with the form and must still be right when it comes back."""
    waiting = [each for each in drafts if each.state == "in_review"]
    said = [upload_sha256, *(f"{each.id}:{each.fingerprint}:{mark(each.edited_at)}" for each in waiting)]
    return hashlib.sha256("|".join(said).encode()).hexdigest()


def publish(
    engine: Engine, archive: Archive, who: Principal, upload_id: int, *, seen: str, on: date | None, today: date
) -> None:
    """Makes the plans of a delivery public, now or on a day to come: all at once or none.

    Raises NotFound, NotAllowed, IllegalTransition (somebody was faster), Changed, NewerIsPublic, FourEyes,
    NothingToPublish, Tampered.
    """
    with acting(engine, who) as connection:
        held = _hold(connection, who, upload_id, Action.PUBLISH)
        _require_untouched(archive, [held.sha256, *deliveries.documents(connection, held.delivery_id or 0)])
        drafts = deliveries.versions(connection, held.delivery_id)
        if seen != stamp(held.sha256, drafts):
            raise Changed
        assert held.ags is not None  # noqa: S101 - _hold() has asked for it
        if deliveries.rules(connection, held.ags).four_eyes and who.account_id in {
            held.delivered_by,
            held.submitted_by,
            *(draft.edited_by for draft in drafts),
        }:
            raise FourEyes
        for draft in _publishable(drafts):
            who.require(Action.PUBLISH, draft.ags or "")
        if on is not None and on > today:
            if not _publishable(drafts):
                raise NothingToPublish
            uploads.move(connection, held, State.SCHEDULED, publish_on=on)
            _note(connection, who, "scheduled", held, on=on)
            return
        names = _publish(connection, held, drafts)
        _note(connection, who, "published", held, plans=names)


def publish_due(engine: Engine, archive: Archive, today: date) -> list[int]:
    """Publishes what is due, with the owner's engine; returns the deliveries that could not be, back in review."""
    with engine.connect() as connection:
        due = list(connection.scalars(_DUE, {"today": today}))
    stuck = []
    for number in due:
        try:
            with engine.begin() as connection:
                held = uploads.lock(connection, number)
                if held is None or held.state is not State.SCHEDULED:
                    continue
                _require_untouched(archive, [held.sha256, *deliveries.documents(connection, held.delivery_id or 0)])
                names = _publish(connection, held, deliveries.versions(connection, held.delivery_id))
                _note(connection, None, "published", held, plans=names, scheduled_for=held.publish_on)
        except (NewerIsPublic, NothingToPublish, Tampered) as fault:
            stuck.append(number)
            with engine.begin() as connection:
                held = uploads.lock(connection, number)
                if held is not None and held.state is State.SCHEDULED:
                    uploads.move(connection, held, State.IN_REVIEW, publish_on=None)
                    _note(connection, None, "not_published", held, reason=type(fault).__name__)
    return stuck


def withdraw(engine: Engine, who: Principal, plan: UUID, reason: str) -> None:
    """Takes a plan from the public. Raises NotFound, NotAllowed, ReasonMissing."""
    _require_reason(reason)
    with acting(engine, who) as connection:
        ags = _gemeinde(connection, who, plan, Action.WITHDRAW)
        public = deliveries.public_version(connection, plan)
        if public is None or not store.end_publication(connection, plan, "withdrawn", reason):
            raise NotFound(str(plan))
        _settle(connection, [plan])
        audit.note(connection, who, "withdrawn", f"plan {plan}", ags=ags, before=public.fingerprint, reason=reason)


def restore(engine: Engine, who: Principal, plan: UUID, number: int, reason: str) -> None:
    """Makes an earlier version public once more. Raises NotFound, NotAllowed, ReasonMissing."""
    _require_reason(reason)
    with acting(engine, who) as connection:
        ags = _gemeinde(connection, who, plan, Action.RESTORE)
        before = deliveries.public_version(connection, plan)
        restored = store.restore_version(connection, plan, number, reason)
        if restored is None:
            raise NotFound(f"{plan}, {number}")
        store.publish_version(connection, plan, restored)
        _settle(connection, [plan])
        public = deliveries.public_version(connection, plan)
        audit.note(
            connection, who, "restored", f"plan {plan}", ags=ags, reason=reason, version=number,
            before=None if before is None else before.fingerprint, after=None if public is None else public.fingerprint,
        )  # fmt: skip


def merge(engine: Engine, who: Principal, plan: UUID, into: UUID) -> None:
    """Both are one plan under two names: its versions go on under the address of `into`, and the other one leads there.

    Whoever plans for the Gemeinde says so while the plan was never public, then who publishes there. Raises NotFound,
    NotAllowed, NotMergeable.
    """
    with acting(engine, who) as connection:
        versions = deliveries.history(connection, plan)
        ags = versions[0].ags if versions else None
        if ags is None or not who.may(Action.VIEW, ags, who.account_id):
            raise NotFound(str(plan))
        if any(each.published_at for each in versions) or not who.may(Action.EDIT, ags):
            who.require(Action.PUBLISH, ags)
        if not connection.scalar(_MERGE, {"plan": plan, "into": into}):
            raise NotMergeable(f"{plan}, {into}")
        audit.note(connection, who, "merged", f"plan {plan}", ags=ags, into=into)


def share_report(engine: Engine, who: Principal, upload_id: int, now: datetime) -> str:
    """The secret of a link with which somebody without an account reads the report for thirty days, or until what it
    shows is taken back, or who has made it may not see it any more (migration `0047_ended_links.sql`).

    Raises NotFound, NotAllowed, IllegalTransition (the delivery is taken back).
    """
    secret = hidden.new_secret()
    with acting(engine, who) as connection:
        found = deliveries.one(connection, upload_id)
        if found is None:
            raise NotFound(str(upload_id))
        who.require(Action.VIEW, found.ags, found.delivered_by)
        values = {"hash": hidden.digest(secret), "upload": upload_id, "account": who.account_id}
        if not connection.execute(_LINK, values | {"expires": now + timedelta(days=LINK_DAYS)}).rowcount:
            raise IllegalTransition(State.WITHDRAWN)
        audit.note(connection, who, "report_shared", f"upload {upload_id}", ags=found.ags)
    return secret


def require_four_eyes(engine: Engine, who: Principal, ags: str, *, wanted: bool) -> None:
    """Whether what one has delivered must be published by another. Raises NotAllowed."""
    who.require(Action.CONFIGURE, ags)
    with acting(engine, who) as connection:
        connection.execute(_FOUR_EYES, {"ags": ags, "wanted": wanted})
        audit.note(connection, who, "four_eyes", f"gemeinde {ags}", ags=ags, wanted=wanted)


def _hold(connection: Connection, who: Principal, upload_id: int, action: Action) -> Upload:
    """The delivery, held to the end of the transaction; who may not see it is told that there is none."""
    seen = deliveries.one(connection, upload_id)
    if seen is None or not who.may(Action.VIEW, seen.ags, seen.delivered_by):
        raise NotFound(f"Lieferung {upload_id}")
    who.require(action, seen.ags, seen.delivered_by)
    held = uploads.lock(connection, upload_id)
    if held is None:
        raise NotFound(f"Lieferung {upload_id}")
    return held


def _publish(connection: Connection, held: Upload, drafts: Sequence[Version]) -> list[str]:
    ready = _publishable(drafts)
    if not ready:
        raise NothingToPublish
    for draft in sorted(ready, key=lambda each: each.plan_id):  # in one order by everybody
        public = deliveries.public_version(connection, draft.plan_id)
        if public is not None and public.version > draft.version:
            raise NewerIsPublic(draft.name)
        store.publish_version(connection, draft.plan_id, draft.id)
    uploads.move(connection, held, State.PUBLISHED, publish_on=None)
    _settle(connection, [draft.plan_id for draft in ready])
    return [draft.name or str(draft.plan_id) for draft in ready]


def _publishable(versions: Iterable[Version]) -> list[Version]:
    return [each for each in versions if each.state == "in_review" and each.is_publishable]


def _settle(connection: Connection, plans: Sequence[UUID]) -> None:
    """Brings deliveries to the state of their versions: one of them public, else superseded, else withdrawn."""
    for row in connection.execute(_OF_PLANS, {"plans": list(plans)}).all():
        state = next(
            each for each in (State.PUBLISHED, State.SUPERSEDED, State.WITHDRAWN) if each in [*row.states, "withdrawn"]
        )
        held = uploads.lock(connection, row.id)
        if held is not None and held.state is not state:
            uploads.move(connection, held, state)


def _require_untouched(archive: Archive, digests: Iterable[str]) -> None:
    for digest in digests:
        path = archive.path(digest)
        if not path.is_file() or sha256_of(path) != digest:
            raise Tampered(digest)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise ReasonMissing


def _gemeinde(connection: Connection, who: Principal, plan: UUID, action: Action) -> str:
    ags = deliveries.gemeinde_of_plan(connection, plan)
    if ags is None:
        raise NotFound(str(plan))
    who.require(action, ags)
    return ags


def _note(connection: Connection, who: Principal | None, action: str, held: Upload, **detail: Any) -> None:
    audit.note(connection, who, action, f"upload {held.id}", ags=held.ags, after=held.sha256, **detail)
