"""A plan's procedure as a time line. Pure."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from geoportal.participation.arten import Art
from geoportal.published import PublishedPlan

# In the order of the procedure (BauGB §§ 2 to 10), which also orders what happened on one day.
_STEPS: tuple[tuple[str | Art, str], ...] = (
    ("aufstellungsbeschluss_datum", "Aufstellungsbeschluss"),
    *((art, art.regel.name) for art in (Art.BEHOERDEN_FRUEHZEITIG, Art.FRUEHZEITIG, Art.UNTERRICHTUNG)),
    ("entwurfsbeschluss_datum", "Entwurfsbeschluss"),
    *(
        (art, art.regel.name)
        for art in (
            Art.BEHOERDEN,
            Art.BEHOERDEN_BERUEHRT,
            Art.VEROEFFENTLICHUNG,
            Art.BETROFFENE,
            Art.BEHOERDEN_ERNEUT,
            Art.ERNEUT,
        )
    ),
    ("satzungsbeschluss_datum", "Satzungsbeschluss"),
    ("planbeschluss_datum", "Planbeschluss"),
    ("rechtsverordnungs_datum", "Rechtsverordnung"),
    ("genehmigungs_datum", "Genehmigung"),
    ("ausfertigungs_datum", "Ausfertigung"),
    ("inkrafttretens_datum", "In Kraft getreten"),
    ("wirksamkeits_datum", "Wirksam geworden"),
    ("untergangs_datum", "Außer Kraft getreten"),
)


class When(StrEnum):
    PAST = "past"
    NOW = "now"
    COMING = "coming"
    UNCERTAIN = "uncertain"
    """An open end: whether it still runs is not known."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step; a step of one day has start == end, a period may have an open end on either side."""

    label: str
    start: date | None
    end: date | None
    when: When

    @property
    def one_day(self) -> bool:
        return self.start == self.end


def timeline(plan: PublishedPlan, today: date) -> tuple[Step, ...]:
    """The steps whose dates are known, in order of time."""
    steps = []
    for name, label in _STEPS:
        if isinstance(name, Art):
            steps += [
                Step(label, each.start, each.ende, _when(each.start, each.ende, today))
                for each in plan.beteiligungen
                if each.art == name
            ]
        elif (day := getattr(plan, name)) is not None:
            steps.append(Step(label, day, day, _when(day, day, today)))
    return tuple(sorted(steps, key=lambda step: step.start or step.end or date.max))


def _when(start: date | None, end: date | None, today: date) -> When:
    if end is not None and end < today:
        return When.PAST
    if start is not None and start > today:
        return When.COMING
    return When.UNCERTAIN if start is None or end is None else When.NOW
