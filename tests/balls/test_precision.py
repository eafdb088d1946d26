"""The precision of balls is a number of the whole process, and threads do not get in each other's
way."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from flint import arb, ctx

from chainrule.balls.arithmetic import precision


def test_every_thread_has_the_precision_that_it_asked_for() -> None:
    def accuracy(bits: int) -> int:
        with precision(bits):
            # Another thread gets to run here.
            time.sleep(0.001)
            with precision(bits + 10):
                time.sleep(0.001)
            found = (arb(1) / 3).rel_accuracy_bits()
        return abs(int(found) - bits)

    before = ctx.prec
    with ThreadPoolExecutor(8) as pool:
        assert max(pool.map(accuracy, [64, 200, 1000, 100] * 10)) <= 2
    assert ctx.prec == before
