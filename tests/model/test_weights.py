import torch

from keyin_cli.model.weights import tensors_sha256


def test_the_hash_sees_names_shapes_and_values() -> None:
    base = {"a": torch.zeros(2, 3)}
    others = [{"b": torch.zeros(2, 3)}, {"a": torch.zeros(3, 2)}, {"a": torch.zeros(2, 3).index_fill(0, torch.tensor(1), 1e-7)}]
    assert len({tensors_sha256(tensors) for tensors in [base, *others]}) == 4
