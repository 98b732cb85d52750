import mujoco
import numpy as np
import pytest

from keyin_cli.datasets.ogbench.camera import Camera

XML = """<mujoco><worldbody><light pos="0 0 2"/><camera name="above" pos="0 0 2"/>
<body pos="-.4 .4 0"><freejoint/><geom size=".2" rgba="1 0 0 1"/></body></worldbody></mujoco>"""


@pytest.mark.parametrize("size", [16, 700])  # more than a model's usual 640 px
def test_top_row_first(size: int) -> None:
    model = mujoco.MjModel.from_xml_string(XML)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    camera = Camera(model, "above", size)
    image = camera.draw(data)
    data.qpos[0] = 0.4
    mujoco.mj_forward(model, data)
    moved = camera.draw(data)
    camera.close()
    assert image.shape == (size, size, 3)
    for picture, half in ((image, 0), (moved, 1)):
        row, column = (int(np.mean(each)) for each in np.nonzero(picture[..., 0] > 50))
        assert row < size // 2
        assert (column > size // 2) == half
