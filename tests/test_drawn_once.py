"""What is the same for everybody is drawn once, and again when what it shows has changed."""

from collections.abc import Callable
from itertools import count
from types import SimpleNamespace

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined, UndefinedError

from app.templating import MOST_DRAWN, drawn_once

Draw = Callable[..., str]


@pytest.fixture
def draw() -> Draw:
    loader = DictLoader({"piece": "{{ now() }}", "private": "{{ viewer }}"})
    env = Environment(loader=loader, undefined=StrictUndefined, autoescape=True)
    env.globals["drawn_once"] = drawn_once()
    page = env.from_string("{{ drawn_once(name, state, now=now) }}")
    numbers = count()
    return lambda state, name="piece": page.render(
        name=name, state=state, now=lambda: next(numbers), request=SimpleNamespace(), viewer="Vera"
    )


def test_it_is_drawn_again_for_another_state(draw: Draw) -> None:
    assert [draw(b"a"), draw(b"a"), draw(b"b"), draw(b"a")] == ["0", "0", "1", "0"]


def test_what_nobody_asks_for_goes(draw: Draw) -> None:
    draw(b"first")
    for number in range(MOST_DRAWN):
        draw(b"%d" % number)
    assert draw(b"first") == str(MOST_DRAWN + 1)


def test_it_sees_nobody(draw: Draw) -> None:
    with pytest.raises(UndefinedError, match="viewer"):
        draw(b"a", "private")
