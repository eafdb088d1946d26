"""Records are what frozen dataclasses are, field by field."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from typing import Any

import pytest

from chainrule.record import Record


class Point(Record):
    x: int
    y: tuple[int, ...] = ()

    @property
    def double(self) -> int:
        return 2 * self.x


class Other(Record):
    x: int
    y: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    x: int
    y: tuple[int, ...] = ()


CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1,), {}),
    ((1, (2,)), {}),
    ((), {"x": 1, "y": (2,)}),
    ((1,), {"y": (2,)}),
]


@pytest.mark.parametrize(("args", "named"), CALLS)
def test_made_shown_and_compared_as_a_dataclass(
    args: tuple[Any, ...], named: dict[str, Any]
) -> None:
    ours, model = Point(*args, **named), Model(*args, **named)
    assert (ours.x, ours.y) == (model.x, model.y)
    assert repr(ours) == repr(model).replace("Model", "Point")
    assert ours == Point(model.x, model.y)
    assert hash(ours) == hash(Point(model.x, model.y))
    assert ours != Point(7, model.y)
    assert ours != Other(model.x, model.y)
    assert ours != (model.x, model.y)
    assert Point.__match_args__ == Model.__match_args__
    assert ours.double == 2


@pytest.mark.parametrize(
    ("args", "named"), [((), {}), ((1, (), 3), {}), ((1,), {"z": 1}), ((1,), {"x": 2})]
)
def test_what_does_not_fit_is_refused(args: tuple[Any, ...], named: dict[str, Any]) -> None:
    for kind in (Point, Model):
        with pytest.raises(TypeError):
            kind(*args, **named)


def test_immutable() -> None:
    point = Point(1)
    with pytest.raises(AttributeError):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del point.x
    with pytest.raises(AttributeError):
        point.z = 2  # type: ignore[attr-defined]
    assert not hasattr(point, "__dict__")


def test_replaced_copied_and_pickled() -> None:
    point = Point(1, (2, 3))
    assert point.replaced(x=5) == Point(5, (2, 3))
    with pytest.raises(TypeError):
        point.replaced(z=1)
    for again in (copy.copy(point), copy.deepcopy(point), pickle.loads(pickle.dumps(point))):
        assert again == point
    match point:
        case Point(x, (first, *_)):
            assert (x, first) == (1, 2)
