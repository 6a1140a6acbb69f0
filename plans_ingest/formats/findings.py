"""What a reader tells of one file: the first few thousand of a kind one by one, of the rest how many there are."""

from collections import Counter
from collections.abc import Iterable
from typing import Final, override

from plans_ingest.model import Issue, Severity, Where

MOST_OF_A_KIND: Final = 5_000


class Findings(list[Issue]):
    """A list that takes no more than MOST_OF_A_KIND issues of one code, and counts what it did not take."""

    def __init__(self) -> None:
        super().__init__()
        self._count: Counter[tuple[str, Severity]] = Counter()

    @override
    def append(self, issue: Issue) -> None:
        kind = (issue.code, issue.severity)
        self._count[kind] += 1
        if self._count[kind] <= MOST_OF_A_KIND:
            super().append(issue)

    @override
    def extend(self, issues: Iterable[Issue]) -> None:
        for issue in issues:
            self.append(issue)

    def with_the_rest(self, file: Where) -> list[Issue]:
        """All that were taken, and one of the same code for those that were not: of the whole file, so that no plan
        passes a level because its findings came too late to be told.
        """
        return [
            *self,
            *(
                Issue(code, severity, file, f"{count - MOST_OF_A_KIND} weitere / more")
                for (code, severity), count in self._count.items()
                if count > MOST_OF_A_KIND
            ),
        ]
