"""Model files that are made up: odd names, long chains, several roots."""

from __future__ import annotations

from pathlib import Path

import biomech as bm
from biomech.io.osim import read_description
from biomech.io.osim.anatomy import find_anatomy


def body(name: str) -> str:
    return f'<Body name="{name}"><mass>1</mass><mass_center>0 -0.01 0</mass_center></Body>'


def pin(name: str, parent: str, child: str, coordinate: str, place: str = "0 -0.01 0", more: str = "") -> str:
    """A hinge somewhere in its parent; ``more`` is within its coordinate."""
    frame = f'<PhysicalOffsetFrame name="{name}_in"><socket_parent>{parent}</socket_parent>'
    return (
        f'<PinJoint name="{name}"><socket_parent_frame>{name}_in</socket_parent_frame>'
        f"<socket_child_frame>/bodyset/{child}</socket_child_frame>"
        f"<frames>{frame}<translation>{place}</translation></PhysicalOffsetFrame></frames>"
        f'<coordinates><Coordinate name="{coordinate}">{more}</Coordinate></coordinates></PinJoint>'
    )


def written(tmp_path: Path, bodies: list[str], joints: list[str], more: str = "") -> Path:
    path = tmp_path / "odd.osim"
    path.write_text(
        '<OpenSimDocument Version="40000"><Model name="odd">'
        f"<BodySet><objects>{''.join(map(body, bodies))}</objects></BodySet>"
        f"<JointSet><objects>{''.join(joints)}</objects></JointSet>{more}</Model></OpenSimDocument>"
    )
    return path


def test_a_joint_may_be_called_as_a_body(tmp_path: Path) -> None:
    """Bodies are paired by their place, whatever else bears their names; the first pair of a name counts."""
    bodies, places = ["trunk", "one", "two", "tip", "top"], ("0 0 0.2", "0 0 -0.2")
    joints = [
        pin("root", "/ground", "trunk", "lean"),
        pin("one", "/bodyset/trunk", "one", "swing", places[0]),
        pin("tip", "/bodyset/trunk", "two", "sway", places[1]),
        pin("a", "/bodyset/one", "tip", "q"),
        pin("b", "/bodyset/two", "top", "two"),
    ]
    path = written(tmp_path, bodies, joints)
    found = find_anatomy(read_description(path))
    assert found.bodies == {"one": "two", "tip": "top"}
    assert found.mirror == {"one": "two", "tip": "top", "a": "b", "swing": "sway"}
    model = bm.read_osim(path)
    assert model.roles.mirror["segments"] == {"one": "two", "tip": "top"}
    assert model.roles.mirror["joints"] == {"a": "b"}


def test_a_long_chain_is_no_deep_one(tmp_path: Path) -> None:
    """Far more bodies in a row than Python calls within calls."""
    names = [f"link_{i}" for i in range(1200)]
    joints = [
        pin(f"joint_{i}", f"/bodyset/{names[i - 1]}" if i else "/ground", name, f"q_{i}")
        for i, name in enumerate(names)
    ]
    found = find_anatomy(read_description(written(tmp_path, names, joints)))
    assert not found.segments
    assert not found.mirror
