"""Each network gets its share, whoever else asks."""

import os

import pytest

from geoportal.fairness import Fairness, network_of


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_let_through_and_then_the_rate() -> None:
    clock = Clock()
    fairness = Fairness(10, burst=20, clock=clock)
    assert [fairness.wait("198.51.100.1") for _ in range(20)] == [0.0] * 20
    wait = fairness.wait("198.51.100.1")
    assert 0 < wait <= 0.1 + 1e-6
    clock.now += wait + 1e-6
    assert fairness.wait("198.51.100.1") == 0
    assert fairness.wait("198.51.100.1") > 0


def test_being_refused_does_not_lengthen_the_wait() -> None:
    clock = Clock()
    fairness = Fairness(10, burst=1, clock=clock)
    fairness.wait("198.51.100.1")
    waits = [fairness.wait("198.51.100.1") for _ in range(100)]
    assert len(set(waits)) == 1


def test_others_are_not_made_to_wait_for_one() -> None:
    fairness = Fairness(10, burst=5, clock=Clock())
    while not fairness.wait("198.51.100.1"):
        pass
    assert [fairness.wait(f"203.0.113.{number}") for number in range(200)] == [0.0] * 200


def test_a_subscriber_has_one_share_for_all_his_ipv6_addresses() -> None:
    fairness = Fairness(10, burst=5, clock=Clock())
    assert any(fairness.wait(f"2001:db8:1:2::{number:x}") for number in range(6))
    assert not fairness.wait("2001:db8:1:3::1")
    assert network_of("::ffff:198.51.100.1") == network_of("198.51.100.1")


@pytest.mark.parametrize("address", ["", "unix:", "127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_and_what_is_no_address_never_wait(address: str) -> None:
    fairness = Fairness(1, burst=1, clock=Clock())
    assert [fairness.wait(address) for _ in range(5)] == [0.0] * 5


def test_the_workers_of_a_server_count_together() -> None:
    fairness = Fairness(0.001, burst=10)
    worker = os.fork()
    if worker == 0:
        for _ in range(10):
            fairness.wait("198.51.100.1")
        os._exit(0)
    os.waitpid(worker, 0)
    assert fairness.wait("198.51.100.1") > 0
