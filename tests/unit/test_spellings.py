"""What planners write in several ways."""

import pytest

from plans_ingest.spellings import read_ags


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("06534008", None),
        (" 06 5 34 008 ", None),
        ("06-534-008", None),
        ("06.534.008", None),
        ("06534008.0", None),
        ("6534008", "ags_zero_lost"),
        ("6534008.0", "ags_zero_lost"),
        ("065340008008", "ags_from_rs"),
        ("06 5 34 0008 008", "ags_from_rs"),
    ],
)
def test_an_ags_is_read_as_tables_have_it(written: str, code: str | None) -> None:
    assert read_ags(written) == ("06534008", code)


@pytest.mark.parametrize(
    "written", ["", "01.04.2024", "1.4.2024", "2024-04-01", "01/04/2024", "653400", "0653400812345"]
)
def test_no_day_and_no_other_number_is_an_ags(written: str) -> None:
    assert read_ags(written) == (None, "ags_invalid")
