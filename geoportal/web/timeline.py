"""A plan's procedure as a time line. Pure."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from geoportal.published import PublishedPlan
from plans_ingest.model import Zeitraum

# In the order of the procedure (BauGB §§ 2 to 10), which also orders what happened on one day.
_STEPS = (
    ("aufstellungsbeschluss_datum", "Aufstellungsbeschluss"),
    ("entwurfsbeschluss_datum", "Entwurfsbeschluss"),
    ("traegerbeteiligungen", "Beteiligung der Behörden"),
    ("auslegungen", "Öffentliche Auslegung"),
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
        value: date | tuple[Zeitraum, ...] | None = getattr(plan, name)
        match value:
            case None:
                continue
            case date():
                periods: tuple[Zeitraum, ...] = (Zeitraum(value, value),)
            case _:
                periods = value
        steps += [
            Step(label, period.start, period.ende, _when(period, today))
            for period in periods
            if period.start is not None or period.ende is not None
        ]
    return tuple(sorted(steps, key=lambda step: step.start or step.end or date.max))


def running_auslegung(plan: PublishedPlan, today: date) -> Zeitraum | None:
    """The Auslegung in which one can take part on that day; None where the data do not say both of its days."""
    return next(
        (each for each in plan.auslegungen if each.start and each.ende and each.start <= today <= each.ende), None
    )


def _when(period: Zeitraum, today: date) -> When:
    if period.ende is not None and period.ende < today:
        return When.PAST
    if period.start is not None and period.start > today:
        return When.COMING
    return When.UNCERTAIN if period.start is None or period.ende is None else When.NOW
