"""Kill a sweep into a store again and again, and look at what is there: ``python tests/store_kills.py FOLDER KILLS``.

In a process of its own, because it forks: each attempt is a child that does what ``sweep(..., to=)`` does, its writes
slowed, and is killed (SIGKILL) at a moment that moves uniformly over the run; every other one while a chunk is half
written. Prints what it saw, as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import zarr.storage._local as local

import biomech as bm
from biomech.analysis import sweep as sweeping
from biomech.analysis.store import tasks

#: Policies beside degrees, so that every kind of variable is there; some postures cannot be held.
STUDY: dict[str, Any] = {
    "pelvic_tilt": ["hanging", 3.0],
    "knee_flexion": np.linspace(0.0, 110.0, 1200),
    "variables": ["lumbar_compression", "group_activation", "limiting_muscle", "pelvic_tilt", "tilt_status"],
}
POSTURES = 40
KILLED_IN_WRITE = "*/*.partial"


def small_tasks() -> None:
    """Tasks of ``POSTURES``, so that a short study has many."""
    tasks.LEAST = tasks.MOST = POSTURES


def attempt(place: Path, log: Path) -> None:
    """Write the study; every chunk takes its time, and every task that is computed is noted."""
    slow, plain = local._atomic_write, sweeping._Sweep.solve

    class Slowed:
        def __init__(self, file: Any) -> None:
            self.file = file

        def write(self, content: Any) -> int:
            half = len(content) // 2
            self.file.write(content[:half])
            self.file.flush()
            time.sleep(0.002)
            return half + int(self.file.write(content[half:]))

    @contextlib.contextmanager
    def slowly(*args: Any, **named: Any) -> Any:
        with slow(*args, **named) as file:
            yield Slowed(file)

    def noted(self: Any, start: int, end: int, *rest: Any, **named: Any) -> Any:
        if end - start > 1:
            with log.open("a") as file:
                file.write(f"{start}\n")
        return plain(self, start, end, *rest, **named)

    local._atomic_write, sweeping._Sweep.solve = slowly, noted  # type: ignore[method-assign]
    bm.sweep(bm.load_model("small"), to=place, progress=False, **STUDY)


def marks(place: Path) -> dict[str, tuple[int, int]]:
    """The chunks of status: inode and time of each."""
    return {
        p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in place.glob("status/c.*") if "partial" not in p.name
    }


def start(place: Path, log: Path) -> int:
    """An attempt in a child."""
    child = os.fork()
    if child:
        return child
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who was sent to the background ignores it
    try:
        attempt(place, log)
    except KeyboardInterrupt:
        os._exit(3)
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        os._exit(1)
    os._exit(0)


def kill_at(child: int, place: Path, done: int, in_write: bool, random: np.random.Generator) -> bool:
    """Kill once so many tasks are done; whether it still ran."""
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        if len(marks(place)) >= done:
            if in_write and not any(place.glob(KILLED_IN_WRITE)):
                continue
            if not in_write:
                time.sleep(random.uniform(0.0, 0.03))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return True
        time.sleep(0.0005)
    return False


def main(folder: Path, kills: int) -> dict[str, Any]:
    """Kill, go on, kill, ...; then let it finish."""
    warnings.simplefilter("ignore", bm.BiomechWarning)
    small_tasks()
    bm.sweep(bm.load_model("small"), **{**STUDY, "knee_flexion": [0.0, 1.0]})  # kernels are there
    place, log, random = folder / "killed.zarr", folder / "log.txt", np.random.default_rng(1)
    count = 2 * -(-1200 // POSTURES)
    found = {"kills": 0, "in_write": 0, "changed": 0, "twice": 0, "tasks": count}
    before: dict[str, tuple[int, int]] = {}
    for k in range(kills):
        log.write_text("")
        half_written = {*place.glob(KILLED_IN_WRITE)}
        child = start(place, log)
        found["kills"] += kill_at(child, place, k * (count - 2) // kills, k % 2 == 1, random)
        found["in_write"] += bool({*place.glob(KILLED_IN_WRITE)} - half_written)
        computed = {(int(line) // 1200, int(line) % 1200 // POSTURES) for line in log.read_text().split()}
        finished = {tuple(map(int, name.split(".")[1:])) for name in before}
        found["twice"] += len(computed & finished)
        now = marks(place)
        found["changed"] += sum(now.get(name) != mark for name, mark in before.items())
        before = now
    child = start(place, log)
    found["exit"] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    now = marks(place)
    found["changed"] += sum(now.get(name) != mark for name, mark in before.items())
    found["done"], found["left"] = len(now), len([*place.glob(KILLED_IN_WRITE)])
    return found | interrupted(folder, log)


def interrupted(folder: Path, log: Path) -> dict[str, Any]:
    """Ctrl-C half way: how it ends, how long that takes, and what is there."""
    place = folder / "interrupted.zarr"
    child = start(place, log)
    while len(marks(place)) < 5:
        time.sleep(0.001)
    os.kill(child, signal.SIGINT)
    begin = time.perf_counter()
    exit_code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"interrupt": {"exit": exit_code, "seconds": time.perf_counter() - begin, "done": len(marks(place))}}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
