"""Random model files of OpenSim, read here and there: bodies, gravity, lengths and moment arms must be the same.

    python tests/fuzz_osim.py --minutes 5
    python tests/fuzz_osim.py --seed 3 --case 12
    python tests/fuzz_osim.py --files arm26.osim gait.osim

It needs ``opensim`` of PyPI and the reference models. A case is a small tree of bodies under every class of joint, with
offset frames on frames, functions of every class, couplers, coordinates that are locked, clamped or prescribed, and
muscles of every class through fixed, conditional and moving points and over cylinders and spheres in every quadrant. It
is written as a file of 4.x or of 3.x. Failures are counted per kind, and each is printed with what makes it again;
what is refused is counted by its message. Exit 1 where there are any failures.

What is known and no failure is counted apart: ways over a cylinder that are shorter here than OpenSim's, and several
surfaces in one path that contradict each other. Of a sphere more than a metre from the point before it OpenSim wraps
otherwise, for its rule measures part of the way in metres.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import opensim
from opensim_oracle import Answers, ask, compare, read

from biomech.errors import ModelError

opensim.Logger.setLevelString("Off")

POSES = 6
JOINTS = {
    "WeldJoint": 0,
    "PinJoint": 1,
    "SliderJoint": 1,
    "UniversalJoint": 2,
    "BallJoint": 3,
    "GimbalJoint": 3,
    "EllipsoidJoint": 3,
    "PlanarJoint": 3,
    "FreeJoint": 6,
    "CustomJoint": -1,
    "ScapulothoracicJoint": 4,
}
#: Joints of 3.x, and what their coordinates' place in the list is there.
OLD_JOINTS = {
    name for name in JOINTS if name not in ("UniversalJoint", "GimbalJoint", "PlanarJoint", "ScapulothoracicJoint")
}
MUSCLES = (
    *("Thelen2003Muscle", "Millard2012EquilibriumMuscle", "Millard2012AccelerationMuscle", "RigidTendonMuscle"),
    *("DeGrooteFregly2016Muscle", "Thelen2003Muscle_Deprecated", "Schutte1993Muscle_Deprecated"),
    "Delp1990Muscle_Deprecated",
)
QUADRANTS = ("all", "x", "-x", "y", "-y", "z", "-z", "+x", "+y")


class Case:
    """A model of its own number; ``old``: a file of 3.x."""

    def __init__(self, seed: int, number: int) -> None:
        self.rng = np.random.default_rng([seed, number])
        self.name = f"--seed {seed} --case {number}"
        self.old = bool(self.rng.random() < 0.4)
        self.bodies = [f"b{i}" for i in range(int(self.rng.integers(1, 5)))]
        self.coordinates: list[str] = []
        self.held: set[str] = set()
        self.plain: list[str] = []
        self.kinds: list[str] = []

    # ---- numbers --------------------------------------------------------------------------------------------------

    def numbers(self, count: int, scale: float = 1.0) -> str:
        """Some of four digits, of which a few are zero."""
        drawn = np.where(self.rng.random(count) < 0.2, 0.0, self.rng.uniform(-scale, scale, count))
        return " ".join(f"{x:.4f}" for x in drawn)

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def one_of(self, *what: str) -> str:
        return str(self.rng.choice(list(what)))

    # ---- functions ------------------------------------------------------------------------------------------------

    def function(self, name: str, arguments: int, scale: float = 0.5) -> str:
        """A function of some coordinates, as the property ``name``, or as one object without."""
        rng = self.rng
        named = f' name="{name}"' if name else ""
        if arguments == 0:
            return f"<Constant{named}><value>{self.numbers(1, scale)}</value></Constant>"
        if arguments > 1:
            slopes = f"<coefficients>{self.numbers(arguments + 1, scale)}</coefficients>"
            return f"<LinearFunction{named}>{slopes}</LinearFunction>"
        kind = self.one_of(
            *("Constant", "LinearFunction", "PolynomialFunction", "SimmSpline", "PiecewiseLinearFunction", "Sine"),
            *("StepFunction", "GCVSpline", "MultiplierFunction", "PiecewiseConstantFunction"),
        )
        self.kinds.append(kind)
        if kind == "Constant":
            return self.function(name, 0, scale)
        if kind == "LinearFunction":
            return f"<{kind}{named}><coefficients>{self.numbers(2, scale)}</coefficients></{kind}>"
        if kind == "PolynomialFunction":
            return (
                f"<{kind}{named}><coefficients>{self.numbers(int(rng.integers(1, 6)), scale)}</coefficients></{kind}>"
            )
        if kind == "Sine":
            parts = "".join(f"<{t}>{self.numbers(1, scale)}</{t}>" for t in ("amplitude", "omega", "phase", "offset"))
            return f"<{kind}{named}>{parts}</{kind}>"
        if kind == "StepFunction":
            start = rng.uniform(-1.0, 0.5)
            ends = f"<transition_start_time>{start:.4f}</transition_start_time>"
            ends += f"<transition_end_time>{start + rng.uniform(0.1, 1.5):.4f}</transition_end_time>"
            values = self.numbers(2, scale).split()
            ends += f"<start_value>{values[0]}</start_value><end_value>{values[1]}</end_value>"
            return f"<{kind}{named}>{ends}</{kind}>"
        if kind == "MultiplierFunction":
            inner = self.function("", 1, scale)
            return f"<{kind}{named}><function>{inner}</function><scale>{rng.uniform(-2, 2):.4f}</scale></{kind}>"
        half = int(rng.integers(1, 5))
        least = 2 * half if kind == "GCVSpline" else 2
        count = int(rng.integers(least, least + 7))
        x = np.cumsum(rng.uniform(0.1, 0.6, count))
        x -= x.mean()
        knots = f"<x>{' '.join(f'{a:.4f}' for a in x)}</x><y>{self.numbers(count, scale)}</y>"
        order = f"<half_order>{half}</half_order><error_variance>0</error_variance>" if kind == "GCVSpline" else ""
        return f"<{kind}{named}>{order}{knots}</{kind}>"

    # ---- joints ---------------------------------------------------------------------------------------------------

    def coordinate(self, name: str) -> str:
        low, high = np.sort(self.rng.uniform(-1.5, 1.5, 2))
        low, high = low - 0.01, high + 0.01
        default = self.rng.uniform(low, high) if self.chance(0.7) else min(max(0.0, low + 0.01), high - 0.01)
        locked, prescribed = self.chance(0.07), self.chance(0.07)
        inner = f"<default_value>{default:.4f}</default_value>"
        if self.chance(0.9):
            inner += f"<range>{low:.4f} {high:.4f}</range>"
        inner += f"<clamped>{self.one_of('true', 'false')}</clamped><locked>{'true' if locked else 'false'}</locked>"
        if prescribed:
            value = f"<Constant name='prescribed_function'><value>{default:.4f}</value></Constant>"
            inner += f"<prescribed_function>{value[:9]}{value[36:]}</prescribed_function>" if self.old else value
            inner += "<prescribed>true</prescribed>"
        if locked or prescribed:
            self.held.add(name)
        self.coordinates.append(name)
        return f'<Coordinate name="{name}">{inner}</Coordinate>'

    def joint(self, place: int) -> str:
        """The joint of a body, in the words of its format."""
        rng = self.rng
        parent = self.one_of("ground", *self.bodies[:place])
        kind = self.one_of(*(sorted(OLD_JOINTS) if self.old else JOINTS), *["CustomJoint"] * 4)
        self.kinds.append(kind)
        count = JOINTS[kind] if JOINTS[kind] >= 0 else int(rng.integers(1, 4))
        names = [f"q{place}{'abcdef'[i]}" for i in range(count)]
        more = self.transform(names) if kind == "CustomJoint" else ""
        if kind == "EllipsoidJoint":
            more = f"<radii_x_y_z>{' '.join(f'{x:.3f}' for x in rng.uniform(0.05, 0.2, 3))}</radii_x_y_z>"
        if kind == "ScapulothoracicJoint":
            more = (
                f"<thoracic_ellipsoid_radii_x_y_z>{' '.join(f'{x:.3f}' for x in rng.uniform(0.05, 0.2, 3))}"
                "</thoracic_ellipsoid_radii_x_y_z>"
                f"<scapula_winging_axis_origin>{self.numbers(2, 0.05)}</scapula_winging_axis_origin>"
                f"<scapula_winging_axis_direction>{self.numbers(1, 1)}</scapula_winging_axis_direction>"
            )
        coordinates = "".join(map(self.coordinate, names))
        if self.old:
            offsets = "".join(
                f"<{tag}>{self.numbers(3, 0.15 if 'loc' in tag else 1.2)}</{tag}>"
                for tag in ("location_in_parent", "orientation_in_parent", "location", "orientation")
            )
            given = f"<CoordinateSet><objects>{coordinates}</objects></CoordinateSet>" if names else ""
            reverse = "<reverse>true</reverse>" if self.chance(0.15) and parent != "ground" else ""
            inner = f"<parent_body>{parent}</parent_body>{offsets}{given}{reverse}{more}"
            return f'<Joint><{kind} name="j{place}">{inner}</{kind}></Joint>'
        ends = [f"/bodyset/{parent}" if parent != "ground" else "/ground", f"/bodyset/{self.bodies[place]}"]
        if self.chance(0.1) and parent != "ground":
            ends.reverse()
        frames, sockets = "", []
        for end, tag in zip(ends, ("in", "out"), strict=True):
            socket = end
            if self.chance(0.8):
                socket = f"{tag}{place}"
                moved = f"<translation>{self.numbers(3, 0.15)}</translation>"
                moved += f"<orientation>{self.numbers(3, 1.2)}</orientation>"
                base = end
                if self.chance(0.3):  # a frame on a frame
                    frames += (
                        f'<PhysicalOffsetFrame name="{tag}{place}base"><socket_parent>{base}</socket_parent>{moved}'
                        "</PhysicalOffsetFrame>"
                    )
                    base = f"../{tag}{place}base"
                frames += (
                    f'<PhysicalOffsetFrame name="{socket}"><socket_parent>{base}</socket_parent>{moved}'
                    "</PhysicalOffsetFrame>"
                )
            sockets.append(socket)
        given = f"<coordinates>{coordinates}</coordinates>" if names else ""
        return (
            f'<{kind} name="j{place}"><socket_parent_frame>{sockets[0]}</socket_parent_frame>'
            f"<socket_child_frame>{sockets[1]}</socket_child_frame>{given}<frames>{frames}</frames>{more}</{kind}>"
        )

    def transform(self, names: list[str]) -> str:
        """Six rows along axes that need not be at right angles."""
        rows = ""
        left = list(names)
        for kind in ("rotation", "translation"):
            skew = self.chance(0.3)
            axes = self.rng.normal(size=(3, 3)) if skew else np.eye(3)[self.rng.permutation(3)]
            for i, axis in enumerate(axes, start=1):
                chosen = [left.pop()] if left and self.chance(0.8) else []
                if not chosen and self.chance(0.4):
                    chosen = list(self.rng.permutation(names)[: int(self.rng.integers(1, len(names) + 1))])
                if kind == "translation" and i == 3 and left:
                    chosen = list(dict.fromkeys([*chosen, *left]))
                function = self.function("function", len(chosen), 0.7 if kind == "rotation" else 0.1)
                if self.old or self.chance(0.3):
                    function = f"<function>{function.replace(' name=' + chr(34) + 'function' + chr(34), '')}</function>"
                rows += (
                    f'<TransformAxis name="{kind}{i}"><coordinates>{" ".join(chosen)}</coordinates>'
                    f"<axis>{' '.join(f'{x:.4f}' for x in axis)}</axis>{function}</TransformAxis>"
                )
        return f"<SpatialTransform>{rows}</SpatialTransform>"

    # ---- paths ----------------------------------------------------------------------------------------------------

    def point(self, name: str, *, end: bool) -> str:
        rng = self.rng
        body = self.one_of("ground", *self.bodies)
        kind = self.one_of(*["PathPoint"] * 3, "ConditionalPathPoint", "MovingPathPoint")
        if (end and kind == "ConditionalPathPoint" and not self.chance(0.3)) or not self.coordinates:
            kind = "PathPoint"
        self.kinds.append(kind)
        frame = (
            f"<body>{body}</body>"
            if self.old
            else f"<socket_parent_frame>{'/bodyset/' + body if body != 'ground' else '/ground'}</socket_parent_frame>"
        )
        place = f"<location>{self.numbers(3, 0.15)}</location>"
        if kind == "PathPoint":
            return f'<{kind} name="{name}">{frame}{place}</{kind}>'
        if kind == "ConditionalPathPoint":
            low, high = np.sort(rng.uniform(-1.2, 1.2, 2))
            own = self.one_of(*self.coordinates)
            tag = "coordinate" if self.old else "socket_coordinate"
            own = own if self.old else self.path_of(own)
            return (
                f'<{kind} name="{name}">{frame}{place}<range>{low:.4f} {high:.4f}</range><{tag}>{own}</{tag}></{kind}>'
            )
        inner, own = "", self.one_of(*self.coordinates)  # OpenSim has one for all three
        for axis in "xyz":
            tag = f"{axis}_coordinate" if self.old else f"socket_{axis}_coordinate"
            inner += f"<{tag}>{own if self.old else self.path_of(own)}</{tag}>"
            function = self.function(f"{axis}_location", 1, 0.1)
            plain = function.replace(f' name="{axis}_location"', "")
            inner += f"<{axis}_location>{plain}</{axis}_location>"
        return f'<{kind} name="{name}">{frame}{inner}</{kind}>'

    def path_of(self, coordinate: str) -> str:
        return f"/jointset/j{coordinate[1]}/{coordinate}"

    def wraps(self, body: str) -> str:
        """Cylinders and spheres of a body, noted with their names."""
        found = ""
        for i in range(int(self.rng.integers(0, 3))):
            kind = self.one_of("WrapCylinder", "WrapSphere")
            name = f"w{body}{i}"
            size = f"<radius>{self.rng.uniform(0.02, 0.06):.4f}</radius>"
            if kind == "WrapCylinder":
                size += f"<length>{5.0}</length>"
            found += (
                f'<{kind} name="{name}"><active>{"true" if self.chance(0.95) else "false"}</active>'
                f"<quadrant>{self.one_of(*QUADRANTS)}</quadrant>{size}"
                f"<xyz_body_rotation>{self.numbers(3, 3)}</xyz_body_rotation>"
                f"<translation>{self.numbers(3, 0.1)}</translation></{kind}>"
            )
            self.plain.append(name)
        return f"<WrapObjectSet><objects>{found}</objects></WrapObjectSet>" if found else ""

    def muscle(self, number: int) -> str:
        kind = self.one_of(*MUSCLES)
        self.kinds.append(kind)
        count = int(self.rng.integers(2, 6))
        points = "".join(self.point(f"p{i}", end=i in (0, count - 1)) for i in range(count))
        uses = ""
        if self.plain and self.chance(0.5):
            chosen = self.rng.permutation(self.plain)[: 1 if self.chance(0.7) else 2]
            for i, surface in enumerate(chosen):
                span = (-1, -1)
                if self.chance(0.3):
                    span = tuple(np.sort(self.rng.integers(1, count + 1, 2)))
                uses += (
                    f'<PathWrap name="u{i}"><wrap_object>{surface}</wrap_object>'
                    f"<method>hybrid</method><range>{span[0]} {span[1]}</range></PathWrap>"
                )
        path = (
            f'<GeometryPath name="path"><PathPointSet><objects>{points}</objects></PathPointSet>'
            f"<PathWrapSet><objects>{uses}</objects></PathWrapSet></GeometryPath>"
        )
        off = "<isDisabled>true</isDisabled>" if self.old else "<appliesForce>false</appliesForce>"
        off = off if self.chance(0.05) else ""
        rigid = "<ignore_tendon_compliance>true</ignore_tendon_compliance>" if kind.startswith("Millard") else ""
        numbers = "<max_isometric_force>800</max_isometric_force><optimal_fiber_length>0.1</optimal_fiber_length>"
        numbers += "<tendon_slack_length>0.1</tendon_slack_length>"
        return f'<{kind} name="m{number}">{off}{numbers}{rigid}{path}</{kind}>'

    # ---- the whole ------------------------------------------------------------------------------------------------

    def couplers(self) -> str:
        free = [name for name in self.coordinates if name not in self.held]
        if len(free) < 3 or self.chance(0.5):
            return ""
        chosen = list(self.rng.permutation(free))
        dependent, count = chosen[0], int(self.rng.integers(1, 3))
        function = self.function("coupled_coordinates_function", count, 0.7)
        plain = function.replace(' name="coupled_coordinates_function"', "")
        function = f"<coupled_coordinates_function>{plain}</coupled_coordinates_function>"
        inner = (
            f"{function}<independent_coordinate_names>{' '.join(chosen[1 : 1 + count])}</independent_coordinate_names>"
        )
        inner += f"<dependent_coordinate_name>{dependent}</dependent_coordinate_name>"
        inner += f"<scale_factor>{self.one_of('1', '-0.7', '1.3')}</scale_factor>"
        own = f'<CoordinateCouplerConstraint name="tie">{inner}</CoordinateCouplerConstraint>'
        return f"<ConstraintSet><objects>{own}</objects></ConstraintSet>"

    def text(self) -> str:
        """The file."""
        bodies, joints = "", ""
        for i, name in enumerate(self.bodies):
            mass = f"{self.rng.uniform(0.3, 5):.3f}"
            parts = f"<mass>{mass}</mass><mass_center>{self.numbers(3, 0.2)}</mass_center>"
            if self.old:
                parts += "<inertia_xx>1</inertia_xx><inertia_yy>1</inertia_yy><inertia_zz>1</inertia_zz>"
                bodies += f'<Body name="{name}">{parts}{self.joint(i)}{self.wraps(name)}</Body>'
            else:
                bodies += f'<Body name="{name}">{parts}<inertia>1 1 1 0 0 0</inertia>{self.wraps(name)}</Body>'
                joints += self.joint(i)
        muscles = "".join(self.muscle(i) for i in range(int(self.rng.integers(1, 6))))
        couplers = self.couplers()
        gravity = "<gravity>0 -9.80665 0</gravity>"
        ground = '<Body name="ground"><mass>0</mass></Body>' if self.old else ""
        sets = f"<BodySet><objects>{ground}{bodies}</objects></BodySet>"
        sets += f"<JointSet><objects>{joints}</objects></JointSet>" if not self.old else ""
        sets += f"{couplers}<ForceSet><objects>{muscles}</objects></ForceSet>"
        version = self.one_of("20303", "30000") if self.old else self.one_of("40000", "40500", "40600")
        return (
            f'<?xml version="1.0" encoding="UTF-8" ?>\n<OpenSimDocument Version="{version}">'
            f'<Model name="made">{gravity}{sets}</Model></OpenSimDocument>\n'.replace("><", ">\n<")
        )


def asked(path: Path, poses: int) -> tuple[Answers | None, str]:
    """What OpenSim says, or why it says nothing; in a process of its own, for it may end that."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(there, path, poses))
    process.start()
    there.close()
    try:
        found: tuple[Answers | None, str] = here.recv() if here.poll(60.0) else (None, "hangs")
    except EOFError:
        found = None, "ends the process"
    process.kill()
    process.join()
    return found


def _send(pipe: Connection, path: Path, poses: int) -> None:
    try:
        pipe.send((ask(path, poses, 1), ""))
    except Exception as error:  # OpenSim's are of any kind
        pipe.send((None, str(error).strip().splitlines()[-1][:160]))


def check(path: Path, name: str, poses: int, found: Counter[str], *, loud: bool) -> None:
    """Compare one file, and print what differs."""
    answers, wrong = asked(path, poses)
    try:
        model, gone = read(path)
    except ModelError as error:
        said = re.sub(r"line \d+|'[^']*'|[-\d.]+", "_", str(error).partition(": ")[2])[:90]
        found[f"refused here{' and there' if wrong else ''}: {said}"] += 1
        if loud or not wrong:
            print(f"REFUSED ({name}): {error}", flush=True)
        return
    if answers is None:
        found[f"refused there: {re.sub(r'[-/.0-9]+', '_', wrong)[:60]}"] += 1
        if loud:
            print(f"refused there ({name}): {wrong}")
        return
    found["compared"] += 1
    found["muscles left out"] += len(gone)
    failed: set[str] = set()
    for own in compare(model, answers):
        found["numbers"] += 1
        if own.most == np.inf and own.amount > 0.0:
            found[own.kind] += 1
        if own.failed:
            found[f"FAILED {own.kind}"] += 1
            if own.kind not in failed or loud:
                print(f"FAILED {own.kind} ({name}): {own.name}: {own.amount:.3g} in pose {own.pose}", flush=True)
            failed.add(own.kind)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=1.0, help="how long to try")
    options.add_argument("--seed", type=int, default=0, help="another seed, other models")
    options.add_argument("--case", type=int, help="only the model of that number; its file is kept")
    options.add_argument("--files", type=Path, nargs="+", help="these models, in place of random ones")
    options.add_argument("--poses", type=int, default=POSES, help="of each model")
    given = options.parse_args()
    warnings.simplefilter("ignore")
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for path in given.files or ():
            check(path, path.name, given.poses, found, loud=True)
        for number in () if given.files else _numbers(given):
            case = Case(given.seed, number)
            path = Path(tempfile.gettempdir() if given.case is not None else folder) / f"fuzz_{number}.osim"
            path.write_text(case.text())
            check(path, case.name, given.poses, found, loud=given.case is not None)
            if given.case is not None:
                print(path, ", ".join(sorted(set(case.kinds))))
    for kind, count in sorted(found.items()):
        print(f"{count:6d} {kind}")
    return 1 if any(kind.startswith("FAILED") for kind in found) else 0


def _numbers(given: argparse.Namespace) -> Iterator[int]:
    if given.case is not None:
        yield given.case
        return
    end, number = time.monotonic() + 60.0 * given.minutes, 0
    while time.monotonic() < end:
        yield number
        number += 1


if __name__ == "__main__":
    sys.exit(main())
