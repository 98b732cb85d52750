"""Work is spread in order, a few items for each worker at a time."""

from keyin_cli.parallel import backend, spread


def test_results_come_in_the_order_of_the_work_piece_by_piece() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        return item**2

    with backend(1, None):
        results = spread(work, range(5), per_worker=2)
        assert next(results) == 0
        assert begun == [0, 1]  # what is done can be told, and kept, before all is
        assert list(results) == [1, 4, 9, 16]
    assert begun == [0, 1, 2, 3, 4]
