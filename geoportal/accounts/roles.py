"""Who may do what. One table and one function; everything signed-in asks here, and the database once more by itself.

The model is France's Géoportail de l'Urbanisme: the planning office may deliver, only the Gemeinde publishes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

WHOLE_KREIS: Final = "*"


class Role(StrEnum):
    """`office`: a planning office, sees what it delivered itself. `kreis`: all Gemeinden. `auditor`: reads all."""

    OFFICE = "office"
    PLANNER = "planner"
    PUBLISHER = "publisher"
    KREIS = "kreis"
    AUDITOR = "auditor"


class Action(StrEnum):
    VIEW = "view"
    DELIVER = "deliver"
    EDIT = "edit"
    SUBMIT = "submit"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"
    RESTORE = "restore"
    CONFIGURE = "configure"
    STATEMENTS = "statements"
    AUDIT = "audit"
    ACCOUNTS = "accounts"


class Reach(StrEnum):
    """`own`: what this account delivered itself. `gemeinde`: all in the Gemeinden of its membership."""

    OWN = "own"
    GEMEINDE = "gemeinde"


_GEMEINDE: Final = Reach.GEMEINDE
_PLANNER: Final = {
    Action.VIEW: _GEMEINDE,
    Action.DELIVER: _GEMEINDE,
    Action.EDIT: _GEMEINDE,
    Action.SUBMIT: _GEMEINDE,
}
_PUBLISHER: Final = {
    Action.VIEW: _GEMEINDE,
    Action.SUBMIT: _GEMEINDE,
    Action.PUBLISH: _GEMEINDE,
    Action.WITHDRAW: _GEMEINDE,
    Action.RESTORE: _GEMEINDE,
    Action.CONFIGURE: _GEMEINDE,
    Action.AUDIT: _GEMEINDE,
}
# Statements are confidential: only the Gemeinde reads them (BauGB § 3 (2) sentence 6: it is she who weighs them).
TABLE: Final[Mapping[Role, Mapping[Action, Reach]]] = MappingProxyType(
    {
        Role.OFFICE: {
            Action.VIEW: Reach.OWN,
            Action.DELIVER: Reach.GEMEINDE,
            Action.EDIT: Reach.OWN,
            Action.SUBMIT: Reach.OWN,
        },
        Role.PLANNER: {**_PLANNER, Action.STATEMENTS: _GEMEINDE},
        Role.PUBLISHER: {**_PUBLISHER, Action.STATEMENTS: _GEMEINDE},
        Role.KREIS: {**_PLANNER, **_PUBLISHER, Action.ACCOUNTS: _GEMEINDE},
        Role.AUDITOR: {Action.VIEW: _GEMEINDE, Action.AUDIT: _GEMEINDE},
    }
)


class NotAllowed(Exception):
    """The account's roles do not reach that far."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A role in a Gemeinde (AGS), or in the whole Kreis (`*`)."""

    ags: str
    role: Role


@dataclass(frozen=True, slots=True)
class TokenScope:
    """What a token narrows its account to."""

    token_id: str
    ags: str
    actions: frozenset[Action]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: an account with its memberships, through a session or, where `scope` is given, a token.

    `origin` is from where, coarsely (a network, never an address).
    """

    account_id: int
    name: str
    email: str
    memberships: tuple[Membership, ...]
    origin: str
    scope: TokenScope | None = None

    def may(self, action: Action, ags: str, owner: int | None = None) -> bool:
        """Whether the account may do this in the Gemeinde, to something that the account `owner` delivered."""
        if self.scope is not None and (ags != self.scope.ags or action not in self.scope.actions):
            return False
        reaches = (TABLE[m.role].get(action) for m in self.memberships if m.ags in (ags, WHOLE_KREIS))
        return any(
            reach is Reach.GEMEINDE or (reach is Reach.OWN and owner == self.account_id)
            for reach in reaches
            if reach is not None
        )

    def may_anywhere(self, action: Action) -> bool:
        """Whether there is any place where the account may do this, to its own things at least."""
        if self.scope is not None and action not in self.scope.actions:
            return False
        return any(action in TABLE[m.role] for m in self.memberships)

    def gemeinden(self, action: Action, all_ags: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the Gemeinden in which the account may do this, to its own things at least."""
        return tuple(ags for ags in all_ags if self.may(action, ags, owner=self.account_id))

    def require(self, action: Action, ags: str, owner: int | None = None) -> None:
        """Raises NotAllowed."""
        if not self.may(action, ags, owner):
            raise NotAllowed(f"{action} {ags}")
