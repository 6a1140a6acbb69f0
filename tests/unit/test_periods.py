import pytest

from geoportal.ogc.problems import InvalidParameter
from geoportal.ogc.values import parse_period


@pytest.mark.parametrize(
    ("asked", "end"),
    [
        ("2020-01-01/P2D", "2020-01-03"),
        ("2020-01-31/P1M", "2020-02-29"),
        ("2019-12-31/P2M1W", "2020-03-07"),
        ("2020-02-29/P1Y", "2021-02-28"),
        ("2020-01-01/PT36H", "2020-01-02T12:00:00+00:00"),
        ("2020-01-01T10:00:00Z/P1DT1H1M1S", "2020-01-02T11:01:01+00:00"),
        ("2020-01-01T00:00:00+01:00/P1D", "2020-01-02T00:00:00+01:00"),
    ],
)
def test_a_duration_ends_where_the_calendar_says(asked: str, end: str) -> None:
    assert parse_period("datetime", asked) == (asked.split("/", maxsplit=1)[0], end)


@pytest.mark.parametrize("lasts", ["P9999Y", "P99999D", "P", "PT", "P1DT", "P1H", "P-1D", "P1.5D", "P1D2M", "p1d"])
def test_what_is_no_duration_is_refused(lasts: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_period("datetime", f"9900-01-01/{lasts}")
