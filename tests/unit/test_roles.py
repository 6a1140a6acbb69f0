"""Who may do what: the whole table, written out once more by hand."""

import pytest

from geoportal.accounts.roles import Action, Membership, NotAllowed, Principal, Role, TokenScope
from tests.desk import OTHER, OWN, membership

ME, COLLEAGUE = 1, 2

# a: anything in its Gemeinden, o: what it delivered itself, .: nothing
EXPECTED = {
    #               view deliver edit submit publish withdraw restore configure statements audit accounts
    Role.OFFICE: "   o    a       o    o      .       .        .       .         .          .     .",
    Role.PLANNER: "  a    a       a    a      .       .        .       .         a          .     .",
    Role.PUBLISHER: "a    .       .    a      a       a        a       a         a          a     .",
    Role.KREIS: "    a    a       a    a      a       a        a       a         .          a     a",
    Role.AUDITOR: "  a    .       .    .      .       .        .       .         .          a     .",
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_the_table_says_what_was_agreed(role: Role, action: Action) -> None:
    said = EXPECTED[role].split()[list(Action).index(action)]
    someone = Principal(ME, "N", "n@example.org", (membership(role),), "-")
    everywhere = role in {Role.KREIS, Role.AUDITOR}
    assert someone.may(action, OWN, owner=ME) == (said in "ao")
    assert someone.may(action, OWN, owner=COLLEAGUE) == (said == "a")
    assert someone.may(action, OWN) == (said == "a")
    assert someone.may(action, OTHER, owner=ME) == (everywhere and said in "ao")
    assert someone.may_anywhere(action) == (said in "ao")


def test_one_person_may_be_something_else_in_each_gemeinde() -> None:
    both = Principal(ME, "N", "n@example.org", (Membership(OWN, Role.PUBLISHER), Membership(OTHER, Role.OFFICE)), "-")
    assert both.may(Action.PUBLISH, OWN)
    assert not both.may(Action.PUBLISH, OTHER)
    assert both.gemeinden(Action.DELIVER, (OWN, OTHER)) == (OTHER,)
    with pytest.raises(NotAllowed):
        both.require(Action.DELIVER, OWN)


def test_a_token_narrows_what_its_account_may_do() -> None:
    scope = TokenScope("t", OWN, frozenset({Action.DELIVER, Action.CONFIGURE}))
    kreis = Principal(ME, "N", "n@example.org", (membership(Role.KREIS),), "-", scope)
    assert kreis.may(Action.DELIVER, OWN)
    assert not kreis.may(Action.DELIVER, OTHER)
    assert not kreis.may(Action.PUBLISH, OWN)
    assert not kreis.may_anywhere(Action.PUBLISH)
    planner = Principal(ME, "N", "n@example.org", (membership(Role.PLANNER),), "-", scope)
    assert not planner.may(Action.CONFIGURE, OWN), "a token gives nothing that the account has not"
