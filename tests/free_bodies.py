"""Power at the cuts, by an own route: public frames and finite differences in place of the library's screws."""

import numpy as np
import xarray as xr

#: Joints that are reported, without their side, and the segment outward of each.
CHILD = {"hip": "femur", "knee": "tibia", "ankle": "talus", "lumbosacral": "torso"}


def child_of(joint):
    """The segment in whose frame a joint's force and moment are reported."""
    name, side = (joint, "") if joint == "lumbosacral" else (joint[:-2], joint[-2:])
    return CHILD[name] + side


def free_turns(model):
    """Coordinates that balance in a stance, with the reported joint that each of them turns."""
    table, turns = model.tables["coordinates"], {}
    for name, joint, stance in zip(table.rows, table.text("joint"), table.text("stance"), strict=True):
        if stance == "free" and (joint == "lumbosacral" or joint[:-2] in CHILD):
            turns[name] = joint
    return turns


def held(ds):
    """The postures of a dataset that are held, along one dimension, ``posture``."""
    own = {"muscle", "group", "coordinate", "joint", "axis", "foot", "minimum", "bound"}
    outer = [str(dim) for dim in ds.status.dims if dim not in own]
    if not outer:
        return ds.expand_dims("posture").isel(posture=[0] if int(ds.status) == 0 else [])
    flat = ds.reset_coords(drop=True).drop_vars(outer, errors="ignore").stack(posture=outer, create_index=False)
    return flat.isel(posture=np.flatnonzero(flat.status.values == 0))


def power(model, ds):
    """Power w . M + v . F of joint force and moment on each free coordinate of the joint: (posture, coordinate), N.m.

    The coordinate turns the outer segment about w and moves its origin with v; both are differences of frames in poses
    2e-5 rad to either side.
    """
    flat = held(ds)
    names = [str(name) for name in flat.coordinate.values]
    angles = flat.coordinate_angle.transpose("posture", "coordinate").values
    pose = dict(zip(names, angles.T, strict=True))
    here, found, step = model.kinematics(**pose), {}, 2e-5
    for name, joint in free_turns(model).items():
        to = {sign: {**pose, name: pose[name] + np.degrees(sign * step)} for sign in (-1.0, 1.0)}
        near = {sign: model.kinematics(**q).sel(segment=child_of(joint)) for sign, q in to.items()}
        turn = here.rotation.sel(segment=child_of(joint)).values
        spin = (near[1.0].rotation.values - near[-1.0].rotation.values) / (2 * step) @ np.swapaxes(turn, 1, 2)
        w = 0.5 * np.stack([spin[:, i, j] - spin[:, j, i] for i, j in ((2, 1), (0, 2), (1, 0))], axis=1)
        v = (near[1.0].origin.values - near[-1.0].origin.values) / (2 * step)
        own = flat.sel(joint=joint).transpose("posture", ..., "axis")
        force, moment = (
            np.einsum("pij,pj->pi", turn, own[variable].values)
            for variable in ("joint_contact_force", "joint_contact_moment")
        )
        found[name] = np.sum(w * moment + v * force, axis=1)
    return xr.DataArray(
        np.stack(list(found.values()), axis=1), coords={"coordinate": list(found)}, dims=("posture", "coordinate")
    )


def left_open(model, ds):
    """What the power of the held postures leaves over beside passive moments, over body weight times a metre."""
    if not (ds.status == 0).any():
        return xr.DataArray(np.zeros((0, 0)), dims=("posture", "coordinate"))
    passive = held(ds).passive_moment.transpose("posture", "coordinate").sel(coordinate=list(free_turns(model)))
    weight = model.body_mass * model.value("settings/gravity")
    return np.abs(power(model, ds) - passive) / weight
