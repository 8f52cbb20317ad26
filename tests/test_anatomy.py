"""What the parts of a model file are, by how they hang together and move: never by what they are called."""

import dataclasses
import random
import warnings
from xml.etree import ElementTree

import numpy as np
import pytest
from shared_reference import OSIM

from biomech.io.osim import read_description
from biomech.io.osim.anatomy.groups import groups_by_name
from biomech.io.osim.anatomy.neutral import neutral_pose
from biomech.io.osim.anatomy.parts import find_anatomy
from biomech.io.osim.description import GROUND, Body, Constant, Coupler, Linear, Placement, TransformRow

pytestmark = pytest.mark.skipif(not OSIM.exists(), reason="needs the reference models of OpenSim")

LEG = ("femur", "tibia", "talus", "calcn", "toes")
JOINTS = ("hip", "knee", "ankle", "subtalar", "mtp")
PELVIS = ("pelvis_tilt", "pelvis_list", "pelvis_rotation", "pelvis_tx", "pelvis_ty", "pelvis_tz")
LUMBAR = ("lumbar_extension", "lumbar_bending", "lumbar_rotation")
HIP = ("hip_flexion", "hip_adduction", "hip_rotation")
ANKLE = ("knee_angle", "ankle_angle", "subtalar_angle", "mtp_angle")
FILES = {
    "gait2354_v10901": "more_models",
    "gait2354_v40000": "more_models",
    "gait10dof18musc": "more_models",
    "both_legs_v20200": "more_models",
    "subject_walk_scaled": "models",
    "leg6dof9musc": "models",
    "arm26": "models",
    "arm_wraps": "models",
    "wrist_v10905": "more_models",
}


def described(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_description(OSIM / FILES[name] / f"{name}.osim")


def both(*stems):
    return {stem + side for stem in stems for side in ("_r", "_l")}


ROLES = {
    "gait2354_v10901": (both(*LEG) | {"pelvis", "torso"}, {*PELVIS, *LUMBAR} | both(*HIP, *ANKLE)),
    "gait2354_v40000": (both(*LEG) | {"pelvis", "torso"}, {*PELVIS, *LUMBAR} | both(*HIP, *ANKLE)),
    "gait10dof18musc": (
        both(*LEG) | {"pelvis", "torso"},
        {"pelvis_tilt", "pelvis_tx", "pelvis_ty", "lumbar_extension"}
        | both("hip_flexion", "knee_angle", "ankle_angle"),
    ),
    "both_legs_v20200": (both(*LEG) | {"pelvis"}, {*PELVIS[:3]} | both(*HIP, *ANKLE)),
    "subject_walk_scaled": (
        both(*LEG) | {"pelvis", "torso"},
        {*PELVIS, *LUMBAR} | both(*HIP, "knee_angle", "ankle_angle", "mtp_angle"),
    ),
    "leg6dof9musc": (
        {f"{part}_r" for part in LEG} | {"pelvis"},
        {"pelvis_tilt", "pelvis_tx", "pelvis_ty", "hip_flexion_r", "knee_angle_r", "ankle_angle_r"},
    ),
    "arm26": (set(), set()),
    "arm_wraps": (set(), set()),
    "wrist_v10905": (set(), set()),
}
SIGNS = {
    "subject_walk_scaled": {"knee_angle_r", "knee_angle_l"},  # flexion is positive there
    "both_legs_v20200": {"mtp_angle_r", "mtp_angle_l"},
}


@pytest.mark.parametrize("name", list(FILES))
def test_roles_of_public_models(name):
    found = find_anatomy(described(name))
    segments, coordinates = ROLES[name]
    assert set(found.segments) == segments
    assert set(found.coordinates) == coordinates
    assert set(found.signs) == SIGNS.get(name, set())
    assert found.unclear == []
    feet = {f"{joint}{side}" for side in found.feet for joint in JOINTS}
    assert feet <= set(found.joints)
    # where names are OpenSim's own they agree with what structure tells
    if name.startswith(("gait", "leg")):
        assert all(role == own for role, own in (found.segments | found.coordinates).items())
    if name == "both_legs_v20200":
        assert found.segments["femur_l"] == "lfemur"
        assert found.coordinates["pelvis_list"] == "rX"
        assert found.joints["knee_r"] == "femoral-tibial"


def renamed(part, names):
    """A description in which every name that ``names`` has is another, whatever field it is in."""
    if dataclasses.is_dataclass(part):
        return dataclasses.replace(
            part, **{f.name: renamed(getattr(part, f.name), names) for f in dataclasses.fields(part)}
        )
    if isinstance(part, tuple):
        return tuple(renamed(own, names) for own in part)
    return names.get(part, part) if isinstance(part, str) else part


def other_names(model, seed):
    """Names that tell nothing, or the wrong thing, for bodies, joints and coordinates."""
    rng = random.Random(seed)
    words = ("femur_l", "torso", "arm", "Knochen", "q", "hip_flexion_r", "pelvis", "left_r")
    kinds = [own.name for own in (*model.bodies, *model.joints, *model.coordinates)]
    return {name: f"{rng.choice(words)} {rng.randrange(10**6)}" for name in {*kinds} - {GROUND}}


@pytest.mark.parametrize("name", list(FILES))
def test_names_of_parts_do_not_matter(name):
    model = described(name)
    names = other_names(model, seed=1)
    plain, other = find_anatomy(model), find_anatomy(renamed(model, names))
    for kind in ("segments", "joints", "coordinates"):
        assert getattr(other, kind) == {role: names[own] for role, own in getattr(plain, kind).items()}
    assert other.signs == plain.signs


def turned(model, coordinates):
    """A model in which some coordinates count the other way round."""

    def rows(own):
        return tuple(
            dataclasses.replace(row, axis=tuple(-a for a in row.axis)) if {*row.coordinates} & coordinates else row
            for row in own
        )

    joints = tuple(
        dataclasses.replace(j, rotations=rows(j.rotations), translations=rows(j.translations)) for j in model.joints
    )
    return dataclasses.replace(model, joints=joints)


@pytest.mark.parametrize("name", ["gait2354_v40000", "gait10dof18musc"])
def test_signs_are_those_of_the_motion(name):
    model = described(name)
    plain = find_anatomy(model)
    for seed in range(3):
        names = {own for own in plain.coordinates.values() if random.Random(f"{seed}{own}").random() < 0.5}
        names -= {"knee_angle_r", "knee_angle_l"}  # whose slides would fold the leg up
        found = find_anatomy(turned(model, names))
        assert found.coordinates == plain.coordinates
        assert {found.coordinates[role] for role in found.signs} == names


def mirrored(model):
    """The mirror image of a model's places: what was right is left, whatever it is called."""

    def flip(part):
        if isinstance(part, Placement):
            x, y, z = part.translation
            m = np.diag([1.0, 1.0, -1.0])
            turn = m @ np.array(part.rotation) @ m
            return dataclasses.replace(part, translation=(x, y, -z), rotation=tuple(map(tuple, turn.tolist())))
        if dataclasses.is_dataclass(part):
            own = {f.name: flip(getattr(part, f.name)) for f in dataclasses.fields(part)}
            for place in ("location", "mass_center"):
                if place in own:
                    own[place] = (own[place][0], own[place][1], -own[place][2])
            if "rotations" in own:  # turns about x and y go the other way in the mirror
                own["rotations"] = tuple(
                    dataclasses.replace(row, axis=(-row.axis[0], -row.axis[1], row.axis[2])) for row in own["rotations"]
                )
            return dataclasses.replace(part, **own)
        return tuple(map(flip, part)) if isinstance(part, tuple) else part

    return flip(model)


def test_sides_are_told_by_place():
    found, plain = (find_anatomy(own(described("gait2354_v40000"))) for own in (mirrored, lambda model: model))
    for role, own in found.segments.items():
        image = {"_r": "_l", "_l": "_r"}.get(role[-2:])
        assert own == plain.segments[role[:-2] + image if image else role]
    assert found.signs.keys() == {"pelvis_list", "pelvis_rotation", "lumbar_bending", "lumbar_rotation"}


def without_bodies(model, gone):
    """A description without some bodies, their joints and the muscles that reach them."""
    joints = [j for j in model.joints if j.child.body not in gone]
    order = [model.joints[place] for place in model.tree if model.joints[place].child.body not in gone]
    forces = [m for m in model.muscles if not any(getattr(p, "body", "") in gone for p in m.path.points)]
    return dataclasses.replace(
        model,
        bodies=tuple(own for own in model.bodies if own.name not in gone),
        joints=tuple(joints),
        tree=tuple(joints.index(own) for own in order),
        forces=tuple(forces),
        markers=tuple(own for own in model.markers if own.body not in gone),
    )


def test_parts_that_are_not_there_have_no_role():
    model = described("gait2354_v40000")
    trunkless = find_anatomy(without_bodies(model, {"torso"}))
    assert "torso" not in trunkless.segments
    assert "lumbosacral" not in trunkless.joints
    assert trunkless.feet == ("_r", "_l")
    left = {f"{part}_l" for part in LEG}
    one = find_anatomy(without_bodies(model, left))
    assert one.feet == ("_r",)
    assert not any(role.endswith("_l") for role in one.segments)
    toeless = find_anatomy(without_bodies(model, {"toes_r", "toes_l"}))
    assert toeless.segments["calcn_r"] == "calcn_r"
    assert "toes_r" not in toeless.segments


def split(model, name, apart=0.0):
    """A model in which a joint of three coordinates is three of one, with bodies without mass between them.

    ``apart``: how far (m) each is above the one before.
    """
    joint = next(own for own in model.joints if own.name == name)
    still = [TransformRow(axis, (), Constant(0.0)) for axis in map(tuple, np.eye(3).tolist())]
    bodies, new, inner = list(model.bodies), [], joint.parent
    for k, row in enumerate(row for row in joint.rotations if row.coordinates):
        body = joint.child.body if k == 2 else f"{name} {k}"
        bodies += [Body(body, 0.0, (0.0, 0.0, 0.0), (0.0,) * 6)] if k < 2 else []
        new.append(
            dataclasses.replace(
                joint,
                name=f"{name} {k}",
                parent=inner,
                child=Placement(body),
                coordinates=tuple(own for own in joint.coordinates if own.name in row.coordinates),
                rotations=(row, *(other for other in still if abs(np.dot(other.axis, row.axis)) < 0.5)),
                translations=joint.translations if k == 0 else tuple(still),
            )
        )
        inner = Placement(body, (0.0, apart, 0.0))
    joints, tree = list(model.joints), [model.joints[place] for place in model.tree]
    for own in (joints, tree):
        place = own.index(joint)
        own[place : place + 1] = new
    order = tuple(joints.index(own) for own in tree)
    return dataclasses.replace(model, bodies=tuple(bodies), joints=tuple(joints), tree=order)


def test_joints_in_one_place_are_one_joint():
    model = described("gait2354_v40000")
    plain, found = find_anatomy(model), find_anatomy(split(split(model, "hip_l"), "back"))
    assert found.segments == plain.segments
    assert found.coordinates == plain.coordinates
    assert found.signs == {}
    assert found.joints["hip_l"] == "hip_l 2"
    assert found.joints["lumbosacral"] == "back 2"


def test_a_spine_of_several_joints_bends_at_its_lowest():
    found = find_anatomy(split(described("gait2354_v40000"), "back", apart=0.03))
    assert found.segments["torso"] == "torso"
    assert found.joints["lumbosacral"] == "back 0"
    assert {role for role in found.coordinates if role.startswith("lumbar")} == {"lumbar_extension"}
    assert found.said == ["a stance bends the spine at 'back 0' alone"]
    assert not found.unclear
    assert not found.bent_by_stance


def test_a_spine_whose_joints_follow_the_lowest_is_bent_by_a_stance():
    model = split(described("gait2354_v40000"), "back", apart=0.03)
    first, second = (joint.coordinates[0].name for joint in model.joints if joint.name in ("back 0", "back 1"))
    follows = Coupler("along", second, (first,), Linear((0.5,), 0.0), 1.0, enforced=True)
    found = find_anatomy(dataclasses.replace(model, couplers=(follows,)))
    assert found.joints["lumbosacral"] == "back 0"
    assert found.bent_by_stance
    assert not any(role.startswith("lumbar") for role in found.coordinates)
    loose = find_anatomy(dataclasses.replace(model, couplers=(dataclasses.replace(follows, enforced=False),)))
    assert not loose.bent_by_stance


def test_what_is_not_clear_is_said():
    model = described("gait2354_v40000")
    moved = [
        dataclasses.replace(j, parent=dataclasses.replace(j.parent, translation=(-0.0707, -0.0661, 0.12)))
        if j.name == "hip_l"
        else j
        for j in model.joints
    ]
    found = find_anatomy(dataclasses.replace(model, joints=tuple(moved)))
    assert any("a second leg of its side" in what for what in found.unclear)
    assert len({role[-2:] for role in found.segments if role.startswith("femur")}) == 1


@pytest.mark.parametrize("name", ["gait2354_v10901", "gait10dof18musc", "subject_walk_scaled", "both_legs_v20200"])
def test_muscles_are_paired_by_place(name):
    model = described(name)
    muscles = [own.name for own in model.muscles]
    rng = random.Random(2)
    new = {muscle: f"m{rng.randrange(10**9)}" for muscle in muscles}
    found = find_anatomy(renamed(model, new))
    back = {other: muscle for muscle, other in new.items()}
    pairs = {back[a]: back[b] for a, b in found.mirror.items() if a in back}
    alone = {*muscles} - {*pairs, *pairs.values()}
    assert alone == ({"HAMSTRINGS"} if name == "both_legs_v20200" else set())
    for right, left in pairs.items():
        expected = f"L{right}" if name == "both_legs_v20200" else f"{right[:-2]}_l"
        assert left.lower() == expected.lower()


def test_arms_are_paired_without_roles():
    found = find_anatomy(described("subject_walk_scaled"))
    for right in ("humerus_r", "hand_r", "patella_r", "acromial_r", "elbow_flex_r", "knee_angle_r_beta"):
        assert found.mirror[right] == right.replace("_r", "_l")


GROUPS = {
    "gluteus_maximus": "glut_max1_r GMAX2 glmax3_l LGMAX1 glut_max_r",
    "gluteus_medius": "glut_med3_l LGMED1 glmed2_r",
    "gluteus_minimus": "glut_min1_r GMIN3 glmin1_l",
    "hamstrings": "semimem_r SEMITEN bflh_l BIFEMSH LBIFEMLH hamstrings_r bifemlh_r",
    "quadriceps;hip_flexors": "rect_fem_r recfem_l RF LRF",
    "quadriceps": "vas_int_r VASMED lVASMED vaslat_l vasti_r",
    "hip_flexors": "iliacus_r LPSOAS iliopsoas_l sar_r sart_l TFL Ps_L1_VB_r Ps_L1_L2_IVD_l",
    "adductors;hip_flexors": "add_long_r ADDBREV addlong_l pect_r LPECT",
    "adductors": "add_mag2_r AMAG1 addmagDist_r addmagIsch_l grac_r LGRA add_r",
    "deep_external_rotators": "quad_fem_r LGLEM peri_r piri_l gem_l",
    "plantarflexors": "soleus_r med_gas_l gaslat_r gastroc_r LSOL tib_post_r tibpost_l fdl_r FLEXHAL perlong_l PERBREV",
    "dorsiflexors": "tib_ant_r tibant_l edl_r EXTHAL LPERTERT",
    "lumbar_extensors": "ercspn_r IL_L1_r IL_R10_l LTpT_T12_r LTpL_L5_l MF_m1t_1_r MF_m5_laminar_l QL_mid_L3_12_3_l",
    "abdominals": "intobl_r extobl_l EO1_r IO6_l rect_abd_r",
    "": "actuator7 TRIlong BIClong BRA DELT1 muscle x SOLSTIF",
}


@pytest.mark.parametrize("group", list(GROUPS))
def test_groups_by_the_usual_abbreviations(group):
    for name in GROUPS[group].split():
        assert ";".join(groups_by_name(name)) == group, name


def test_groups_are_the_built_in_bodys_own():
    import biomech as bm

    model = bm.load_model("gait2392")
    for muscle, groups in zip(model.muscles, model.tables["muscles"].text("groups"), strict=True):
        assert ";".join(groups_by_name(muscle)) == groups, muscle


def test_neutral_pose_is_opensims():
    """Places of bodies at zero against the built-in gait2392, whose numbers the file has."""
    import biomech as bm

    pose = neutral_pose(described("gait2354_v40000"))
    where = bm.load_model("gait2392").kinematics().origin[0]
    for segment in where.segment.values:
        assert np.abs(pose.origin[segment] - where.sel(segment=segment).values).max() < 1e-12


@pytest.mark.parametrize("name", ["gait2354_v10901", "gait10dof18musc", "subject_walk_scaled", "both_legs_v20200"])
def test_the_order_of_a_file_tells_nothing(name, tmp_path):
    file = OSIM / FILES[name] / f"{name}.osim"
    document = ElementTree.fromstring(file.read_bytes().replace(b"::", b"__"))
    rng = random.Random(4)
    for part in ("BodySet", "JointSet", "ForceSet"):
        for listed in document.findall(f".//{part}/objects"):
            rng.shuffle(parts := list(listed))
            listed[:] = parts
    shuffled = tmp_path / file.name
    shuffled.write_bytes(ElementTree.tostring(document))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, other = find_anatomy(described(name)), find_anatomy(read_description(shuffled))
    assert other.segments == found.segments
    assert other.joints == found.joints
    assert other.coordinates == found.coordinates
    assert other.signs == found.signs
    assert {*other.mirror.items()} == {*found.mirror.items()}


def test_muscles_in_one_place_are_paired_by_strength_then_by_name_and_number():
    model = described("gait2354_v40000")
    right, left = (next(own for own in model.muscles if own.name == f"soleus{side}") for side in ("_r", "_l"))
    twins = [(right, f"sol{k}_r", force) for k, force in ((1, 900.0), (2, 800.0), (3, 800.0))]
    twins += [(left, f"sol{k}_l", force) for k, force in ((3, 800.0), (1, 800.0), (2, 900.0))]
    more = [dataclasses.replace(own, name=name, max_isometric_force=force) for own, name, force in twins]
    others = tuple(own for own in model.forces if not own.name.startswith("soleus"))
    found = find_anatomy(dataclasses.replace(model, forces=(*others, *more)))
    assert {a: b for a, b in found.mirror.items() if a.startswith("sol")} == {
        "sol1_r": "sol2_l",  # as strong
        "sol3_r": "sol3_l",  # as strong, and called alike
        "sol2_r": "sol1_l",
    }
