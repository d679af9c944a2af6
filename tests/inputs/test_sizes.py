"""Unknown sizes: expressions, demands, and sizes that meet them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smanalyze.inputs.sizes import Demands, Dim, Product, Share, Size, Sum, Window, dims_in, product, size_of, windowed


def test_expressions() -> None:
    a, b = Dim("a"), Dim("b")
    chosen = {a: 10, b: 3}
    assert size_of(None, chosen) is None
    assert size_of(Dim("c"), chosen) is None
    assert size_of(Product((2, a, b)), chosen) == 60
    assert size_of(Sum((a, b, 1)), chosen) == 14
    assert size_of(Window(a, 3, 2, False), chosen) == 4
    assert size_of(Window(a, 3, 2, True), chosen) == 5
    assert size_of(Share(a, b), chosen) is None
    assert size_of(Share(Product((a, b)), 5), chosen) == 6
    assert dims_in(Sum((Window(a, 1, 1, True), Share(b, 2)))) == {a, b}


def test_products() -> None:
    a = Dim("a")
    assert product([2, 3]) == 6
    assert product([1, a]) is a
    assert product([2, a, Product((3, a))]) == Product((6, a, a))
    assert product([0, a]) == 0
    assert product([None, 2]) is None


def test_what_is_equal_shares_a_size() -> None:
    demands = Demands()
    a, b, c = (demands.new(name) for name in "abc")
    demands.equal(a, b, "add")
    demands.equal(7, b, "matmul")
    demands.equal(c, demands.batch, "add")
    chosen = demands.solve(2, 8)
    assert [size_of(dim, chosen) for dim in (a, b, c)] == [7, 7, 2]
    assert demands.reasons() == {a.root(): "matmul"}


def test_a_size_behind_others_is_searched() -> None:
    """As of a convolution and a pooling before a dense layer: 28 becomes 14, then 7; 7 * 7 * 4 = 196."""
    demands = Demands()
    high, wide = demands.new("high"), demands.new("wide")
    halved = [Window(Window(size, 3, 2, True), 2, 2, False) for size in (high, wide)]
    demands.equal(product([*halved, 4]), 196, "reshape")
    chosen = demands.solve(2, 8)
    assert chosen[high] == chosen[wide]
    assert size_of(halved[0], chosen) == 7


def test_free_sizes_grow_to_what_is_asked() -> None:
    demands = Demands()
    a, b, c = (demands.new(name) for name in "abc")
    demands.least(a, 11, "slice")
    demands.divisible(b, 3, "split")
    demands.whole(Share(Product((demands.batch, c)), 5), "reshape")
    chosen = demands.solve(2, 8)
    assert [chosen[dim] for dim in (a, b, c)] == [11, 9, 10]
    assert [demands.solve(2, 32)[dim] for dim in (a, b, c)] == [32, 33, 35]


def test_demands_that_contradict_each_other_end() -> None:
    demands = Demands()
    a = demands.new("a")
    demands.equal(Product((2, a)), 7, "one")
    demands.least(a, 10_000, "other")
    assert demands.solve(2, 8)[a] >= 1


def test_a_batch_that_the_graph_fixes() -> None:
    demands = Demands()
    demands.equal(Product((demands.batch, 10)), 10, "reshape")
    assert demands.solve(2, 8)[demands.batch] == 1


@given(st.integers(1, 200), st.integers(1, 9), st.integers(1, 4), st.booleans())
def test_windows_are_found_again(size: int, width: int, step: int, same: bool) -> None:
    demands = Demands()
    a = demands.new("a")
    left = size_of(Window(size, width, step, same), {})
    if left is None or left < 1:
        return
    demands.equal(Window(a, width, step, same), left, "conv")
    assert size_of(Window(a, width, step, same), demands.solve(2, 8)) == left


def test_expressions_stay_small() -> None:
    """Sizes that are doubled again and again, as a hostile graph may."""
    a: Size = Dim("a")
    for _ in range(60):
        a = product([a, a])
    assert a is None
    b: Size = Dim("b")
    for _ in range(1000):
        b = windowed(b, 3, 1, False)
    assert b is None
    assert windowed(Dim("c"), 3, 0, True) is None
