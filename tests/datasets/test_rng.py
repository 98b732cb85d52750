"""Random numbers are those of their purpose, and stay what they are."""

from keyin_cli.datasets.rng import Purpose, stream


def test_purposes_keep_their_values_and_share_no_numbers() -> None:
    assert [(each.name, each.value) for each in Purpose] == [
        ("DATA", 0),
        ("TASKS", 1),
        ("FIGURES", 2),
        ("SERVO", 3),
        ("SUBGOALS", 4),
    ]
    drawn = [stream(0, 7, purpose, 2).random() for purpose in Purpose]
    assert drawn == [stream(0, 7, value, 2).random() for value in range(5)]
    assert len(set(drawn)) == 5
