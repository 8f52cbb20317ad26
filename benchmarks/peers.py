"""The same frames and the same geometry by three ways: ``static_optimization``, OpenSim's, and MuJoCo with a QP.

MuJoCo gets gait2392 from the same tables: bodies, joints, spatial tendons; the knee's sliding and the points that move
with it as slides that follow their splines. Its inverse dynamics and tendon Jacobians, a rigid-tendon strength written
anew and quadprog make the peer. Prints agreement and time side by side. What is not installed is skipped, with the
reason.

    python benchmarks/peers.py

``pip install biomech[peers]``; OpenSim also needs its model file, named by the environment variable BIOMECH_OSIM.
"""

from __future__ import annotations

import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import xarray as xr
from bench_opensim import MODEL, by_opensim, frames

import biomech as bm
from biomech.model.mechanics.splines import simm_spline

LOWER = 0.01
#: How often the frames are repeated to time ours.
COPIES = 200


def reserves(model):
    """Reserve of every coordinate at unit control."""
    return {name: 10.0 if name.startswith("pelvis") else 1.0 for name in model.coordinates}


def spline(model, name):
    """A spline of the tables."""
    table = model.tables["splines"]
    own = [i for i, row in enumerate(table.text("spline")) if row == name]
    return simm_spline(*table.numbers("angle", "value")[own].T)


class Peer:
    """MuJoCo's model of the same tables, with the conditional points that are active in a pose."""

    def __init__(self, model, active):
        import mujoco

        self.model, self.follow = model, []
        self.m = mujoco.MjModel.from_xml_string(self._xml(active))
        self.d = mujoco.MjData(self.m)
        self.address = {
            mujoco.mj_id2name(self.m, mujoco.mjtObj.mjOBJ_JOINT, j): int(self.m.jnt_qposadr[j])
            for j in range(self.m.njnt)
        }
        self.body = {mujoco.mj_id2name(self.m, mujoco.mjtObj.mjOBJ_BODY, b): b for b in range(self.m.nbody)}

    def _xml(self, active):
        points = self.model.tables["path_points"]
        tendons = "".join(
            f'<spatial name="{muscle}">'
            + "".join(f'<site site="{p}"/>' for p, of in zip(points.rows, points.text("muscle"), strict=True)
                      if of == muscle and p in active)
            + "</spatial>"
            for muscle in self.model.muscles
        )  # fmt: skip
        return (
            '<mujoco><compiler angle="radian" autolimits="false"/><option gravity="0 -9.80665 0" jacobian="dense"/>'
            f"<worldbody>{self._bodies('ground', active)}</worldbody><tendon>{tendons}</tendon></mujoco>"
        )

    def _bodies(self, parent, active):
        joints, text = self.model.tables["joints"], ""
        for i, joint in enumerate(joints.rows):
            if joints.text("parent")[i] == parent:
                text += self._body(i, joint, joints.text("child")[i], active)
        return text

    def _body(self, i, joint, segment, active):
        tables = self.model.tables
        x, y, z = tables["joints"].numbers("x", "y", "z")[i]
        half = -0.5 * np.radians(tables["joints"].value(joint, "torsion"))
        text = f'<body name="{segment}" pos="{x} {y} {z}" quat="{np.cos(half)} 0 {np.sin(half)} 0">'
        couplings, coordinates = tables["couplings"], tables["coordinates"]
        for k, row in enumerate(couplings.rows):
            if couplings.text("joint")[k] == joint:
                axis = ["0", "0", "0"]
                axis["xyz".index(couplings.text("component")[k])] = "1"
                text += f'<joint name="{row}" type="slide" axis="{" ".join(axis)}"/>'
                self.follow.append(
                    (row, couplings.text("coordinate")[k], spline(self.model, couplings.text("spline")[k]))
                )
        own = [k for k, of in enumerate(coordinates.text("joint")) if of == joint]
        for kind, motion in (("slide", "translation"), ("hinge", "rotation")):
            for k in own:
                if coordinates.text("motion")[k] == motion:
                    axis = " ".join(map(str, coordinates.numbers("axis_x", "axis_y", "axis_z")[k]))
                    text += f'<joint name="{coordinates.rows[k]}" type="{kind}" axis="{axis}"/>'
        mass = max(tables["segments"].value(segment, "mass"), 1e-9)
        centre = " ".join(str(tables["segments"].value(segment, f"com_{a}")) for a in "xyz")
        text += f'<inertial pos="{centre}" mass="{mass}" diaginertia="1e-3 1e-3 1e-3"/>'
        text += self._sites(segment, active)
        return text + self._bodies(segment, active) + "</body>"

    def _sites(self, segment, active):
        points, text = self.model.tables["path_points"], ""
        for i, row in enumerate(points.rows):
            if points.text("segment")[i] != segment or row not in active:
                continue
            x, y, z = points.numbers("x", "y", "z")[i]
            if points.text("kind")[i] != "moving":
                text += f'<site name="{row}" pos="{x} {y} {z}"/>'
                continue
            text += f'<body name="{row}" pos="0 0 {z}"><inertial pos="0 0 0" mass="1e-9" diaginertia="1e-9 1e-9 1e-9"/>'
            for axis, column in (("1 0 0", "spline_x"), ("0 1 0", "spline_y")):
                name = f"{row}_{column}"
                text += f'<joint name="{name}" type="slide" axis="{axis}"/>'
                follow = points.text("coordinate")[i], spline(self.model, points.text(column)[i])
                self.follow.append((name, *follow))
            text += f'<site name="{row}"/></body>'
        return text

    def frame(self, pose, force, point, moment):
        """Lengths, moment arms (muscle, coordinate) and required moments (coordinate,) of a pose (rad, m)."""
        import mujoco

        names = self.model.coordinates
        reduce = np.zeros((self.m.nv, len(names)))
        for c, name in enumerate(names):
            self.d.qpos[self.address[name]] = pose[name]
            reduce[self.address[name], c] = 1.0
        for slide, name, curve in self.follow:
            self.d.qpos[self.address[slide]] = curve(pose[name])
            reduce[self.address[slide], names.index(name)] += curve(pose[name], 1)
        mujoco.mj_inverse(self.m, self.d)
        needed = self.d.qfrc_inverse.copy()
        applied = np.zeros(self.m.nv)
        for foot, body in enumerate(("calcn_r", "calcn_l")):
            mujoco.mj_applyFT(self.m, self.d, force[foot], moment[foot], point[foot], self.body[body], applied)
        return self.d.ten_length.copy(), -self._tendon_jacobian() @ reduce, reduce.T @ (needed - applied)

    def _tendon_jacobian(self):
        """Derivative of tendon lengths, (tendon, degree of freedom); MuJoCo keeps it by rows, full or sparse."""
        full = np.zeros((self.m.ntendon, self.m.nv))
        values = np.ravel(self.d.ten_J)
        if values.size == full.size:
            return values.reshape(full.shape)
        rows = self.d if hasattr(self.d, "ten_J_rownnz") else self.m
        columns = np.ravel(rows.ten_J_colind)
        for t in range(self.m.ntendon):
            own = slice(rows.ten_J_rowadr[t], rows.ten_J_rowadr[t] + rows.ten_J_rownnz[t])
            full[t, columns[own]] = values[own]
        return full


def by_mujoco(model, coordinates, ground):
    """Moment arms, required moments and activations of every frame, and seconds a frame."""
    import quadprog

    turns = model.compiled().is_rotation
    names = list(model.coordinates)
    count = len(next(iter(coordinates.values())))
    given = {name: np.broadcast_to(coordinates.get(name, 0.0), count) for name in names}
    radians = {n: np.radians(v) if turns[k] else v for k, (n, v) in enumerate(given.items())}
    muscles = model.tables["muscles"]
    fmax, lopt, slack, alpha = (muscles.numbers(c) for c in (
        "max_isometric_force", "optimal_fibre_length", "tendon_slack_length", "pennation"))  # fmt: skip
    height, width = lopt * np.sin(np.radians(alpha)), model.value("settings/force_length_width")
    reserve = np.array(list(reserves(model).values()))
    peers, found = {}, []
    vectors = [ground[k].transpose("frame", "foot", "axis").values for k in ("force", "point", "moment")]
    poses = [{name: float(values[i]) for name, values in radians.items()} for i in range(count)]
    active = [_active(model, pose) for pose in poses]
    for sites in set(active):
        peers[sites] = Peer(model, sites)
    start = time.perf_counter()
    for i, pose in enumerate(poses):
        length, arms, needed = peers[active[i]].frame(pose, *(v[i] for v in vectors))
        along = length - slack
        fibre = np.hypot(along, height)
        strength = fmax * np.exp(-((fibre / lopt - 1.0) ** 2) / width) * np.maximum(along, 0.0) / fibre
        a = np.hstack([(arms * strength[:, None]).T, np.diag(reserve)])
        lower = np.concatenate([np.full(len(fmax), LOWER), np.full(len(names), -1e4)])
        upper = np.concatenate([np.ones(len(fmax)), np.full(len(names), 1e4)])
        eye = np.eye(len(lower))
        x = quadprog.solve_qp(2.0 * eye, np.zeros(len(lower)), np.vstack([a, eye, -eye]).T,
                              np.concatenate([needed, lower, -upper]), meq=len(needed))[0]  # fmt: skip
        found.append((arms, needed, x[: len(fmax)]))
    seconds = (time.perf_counter() - start) / count
    return (*(np.array(part) for part in zip(*found, strict=True)), seconds)


def _active(model, pose):
    """Names of the path points that count in a pose."""
    points = model.tables["path_points"]
    ends = points.numbers("active_min", "active_max")
    return frozenset(
        row for i, row in enumerate(points.rows)
        if points.text("kind")[i] != "conditional"
        or ends[i, 0] - 1e-5 <= pose[points.text("coordinate")[i]] <= ends[i, 1] + 1e-5
    )  # fmt: skip


def main():
    """Compare, and print."""
    model, (coordinates, ground) = bm.load_model("gait2392"), frames()
    arguments = (model, coordinates, ground)
    ours = bm.static_optimization(*arguments, lower=LOWER, reserve=reserves(model))
    many = {name: np.tile(values, COPIES) for name, values in coordinates.items()}
    repeated = xr.concat([ground] * COPIES, "frame")
    seconds = np.inf
    for _ in range(4):  # the first has memory to get
        start = time.perf_counter()
        bm.static_optimization(model, many, repeated, lower=LOWER, reserve=reserves(model))
        seconds = min(seconds, (time.perf_counter() - start) / COPIES / ours.sizes["frame"])
    count = ours.sizes["frame"]
    print(f"{'biomech static_optimization':32} {1e6 * seconds:10.0f} us a frame, {COPIES} times {count} frames")
    if _installed("mujoco", "quadprog"):
        arms, needed, activation, each = by_mujoco(*arguments)
        own = model.muscle_geometry(**coordinates).moment_arm.values
        print(f"{'MuJoCo inverse and quadprog':32} {1e6 * each:10.0f} us a frame, {each / seconds:.0f} times as long")
        print(f"{'':34}moment arms differ by {np.abs(arms - own).max():.1e} m, "
              f"required moments by {np.abs(needed - ours.required_moment.values).max():.1e} N.m, "
              f"activations by {np.abs(activation - ours.activation.values).max():.1e}")  # fmt: skip
    if not _installed("opensim"):
        return
    if not Path(MODEL).is_file():
        print("OpenSim skipped: BIOMECH_OSIM does not name its gait2392 model file")
        return
    with tempfile.TemporaryDirectory() as folder:
        theirs = by_opensim(Path(folder))
        activation = _opensim_activation(Path(folder), model)
    print(f"{'OpenSim StaticOptimization':32} {1e6 * theirs:10.0f} us a frame, {theirs / seconds:.0f} times as long")
    print(f"{'':34}activations differ by {np.abs(activation - ours.activation.values).max():.1e}")


def _installed(*packages):
    """Whether all are; says which are not."""
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        print(f"{packages[0]} skipped: not installed: {', '.join(missing)}")
    return not missing


def _opensim_activation(folder, model):
    """Activations that OpenSim wrote, (frame, muscle)."""
    file = next(folder.glob("*activation.sto"))
    lines = file.read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("time"))
    names = lines[start].split()
    values = np.array([[float(v) for v in line.split()] for line in lines[start + 1 :]])
    return values[:, [names.index(muscle) for muscle in model.muscles]]


if __name__ == "__main__":
    main()
