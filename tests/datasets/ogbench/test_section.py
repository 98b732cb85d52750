from keyin_cli.datasets.episodes.seen import parts
from keyin_cli.datasets.ogbench.section import ROLES, STATE


def test_roles_are_the_columns_that_have_these_names() -> None:
    def names(role: str) -> list[str]:
        signal, columns = parts(ROLES[role])
        assert signal == "observation.state"
        return [STATE[column] for column in columns or ()]

    assert names("gripper") == ["gripper_opening"]
    assert names("joint_velocities") == [f"joint_vel_{joint}" for joint in range(6)]
    assert names("effector") == ["effector_pos_x", "effector_pos_y", "effector_pos_z"]
