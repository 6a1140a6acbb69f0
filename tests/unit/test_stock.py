"""What pages remember of all plans."""

from geoportal.web.stock import _MOST, Memory


def test_the_same_is_asked_for_once_in_each_state_of_the_data() -> None:
    memory, asked = Memory(), list[str]()

    def recall(state: str, key: str) -> str:
        def ask() -> str:
            asked.append(f"{state} {key}")
            return asked[-1]

        return memory.recall(state, key, ask)

    assert [recall("1", "a"), recall("1", "a"), recall("1", "b"), recall("2", "a")] == ["1 a", "1 a", "1 b", "2 a"]
    assert asked == ["1 a", "1 b", "2 a"]


def test_of_many_answers_those_that_nobody_asks_for_go_first() -> None:
    memory = Memory()
    for key in range(_MOST):
        memory.recall("1", key, lambda: "first")
    assert memory.recall("1", 0, lambda: "again") == "first"
    memory.recall("1", _MOST, lambda: "one more")
    assert [memory.recall("1", key, lambda: "again") for key in (0, 1)] == ["first", "again"]


def test_what_was_asked_of_a_state_that_is_over_is_not_kept() -> None:
    memory = Memory()

    def ask() -> str:
        memory.recall("2", "other", lambda: "-")
        return "old"

    assert memory.recall("1", "a", ask) == "old"
    assert memory.recall("2", "a", lambda: "new") == "new"
