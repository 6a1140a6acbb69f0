"""Which backups stay."""

from datetime import UTC, datetime, timedelta

from geoportal.backups.thinning import kept

NOW = datetime(2026, 11, 26, 1, 30, tzinfo=UTC)


def nightly(days: int) -> list[datetime]:
    return [NOW - timedelta(days=day) for day in range(days)]


def test_young_ones_are_many_and_old_ones_few() -> None:
    stay = kept(nightly(800))
    assert {NOW - timedelta(days=day) for day in range(14)} <= stay
    assert len([moment for moment in stay if NOW - moment > timedelta(days=60)]) <= 12
    assert NOW - min(stay) > timedelta(days=300)
    assert len(stay) < 35


def test_of_many_on_one_day_the_newest_three_stay() -> None:
    hourly = [NOW - timedelta(minutes=10 * number) for number in range(8)]
    assert kept(hourly) == set(hourly[:3])


def test_a_long_pause_does_not_empty_the_shelf() -> None:
    long_ago = [NOW - timedelta(days=400 + day) for day in range(5)]
    assert kept(long_ago) == set(long_ago)


def test_thinning_again_and_again_keeps_what_thinning_once_would_keep_of_the_months() -> None:
    shelf: set[datetime] = set()
    for moment in sorted(nightly(400)):
        shelf = kept(shelf | {moment})
    assert len({(moment.year, moment.month) for moment in shelf}) >= 12
