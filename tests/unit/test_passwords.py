"""Which passwords are taken: length counts, and that nobody would try them first."""

import pytest

from geoportal.accounts.passwords import MAX_LENGTH, PasswordTooWeak, require_strength

ABOUT = ("Erika Mustermann", "erika.mustermann")


@pytest.mark.parametrize(
    "password",
    [
        "Vier zufällige Wörter genügen",
        "correct horse battery staple",
        "ein Dachs ißt drei Ölsardinen",
        "x7Kq-0pVn2Lw_9Rt",
    ],
)
def test_what_is_long_and_nobodys_first_idea_is_taken(password: str) -> None:
    require_strength(password, *ABOUT)


@pytest.mark.parametrize(
    "password",
    [
        "kurz",
        "elf Zeichen",
        "passwordpassword",
        "P@ssw0rd1234",
        "qwertzuiop123",
        "123456789012",
        "abcdefghijklm",
        "Erika Mustermann 1",
        "geoportal2026",
        "Bebauungsplan1",
        "Gladenbach2026",
        "Werkbank123!",
        "a" * (MAX_LENGTH + 1),
    ],
)
def test_what_many_take_or_says_where_it_belongs_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooWeak):
        require_strength(password, *ABOUT)
