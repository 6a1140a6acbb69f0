"""A clock that jumps is noticed by the one that never does, and not believed for an hour."""

from dataclasses import dataclass

import pytest

from geoportal.clock import Clock


@dataclass
class Machine:
    wall: float = 1_800_000_000.0
    counted: float = 500.0

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.counted)

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.counted += seconds


def test_a_clock_that_only_goes_on_is_trusted_however_rarely_it_is_looked_at() -> None:
    machine = Machine()
    clock = machine.clock()
    for seconds in (1, 60, 86_400, 30 * 86_400):
        machine.passes(seconds)
        assert clock.is_trusted()


@pytest.mark.parametrize("jump", [86_400, -86_400, 300, -300])
def test_after_a_jump_it_is_not_trusted_for_an_hour(jump: float) -> None:
    machine = Machine()
    clock = machine.clock()
    machine.passes(60)
    machine.wall += jump
    assert not clock.is_trusted()
    machine.passes(3_599)
    assert not clock.is_trusted()
    machine.passes(2)
    assert clock.is_trusted()


def test_a_clock_that_is_put_right_again_is_a_second_jump() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += 86_400
    assert not clock.is_trusted()
    machine.passes(3_000)
    machine.wall -= 86_400
    assert not clock.is_trusted()
    machine.passes(3_000)
    assert not clock.is_trusted()


def test_what_time_servers_correct_is_no_jump() -> None:
    machine = Machine()
    clock = machine.clock()
    for _ in range(1_000):
        machine.passes(60)
        machine.wall += 1
        assert clock.is_trusted()
