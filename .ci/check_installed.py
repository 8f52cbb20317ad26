"""What holds of an installed biomech: every CPU level gives the same answers, nobody needs Numba, nothing warns.

python check_installed.py LEVELS     how many levels of this architecture it must bring and this CPU can run
"""

import os
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

ASK = """
import time
import numpy
start = time.perf_counter()
import biomech as bm
imported = time.perf_counter() - start
model = bm.load_model()
loaded = time.perf_counter() - start
ds = bm.sweep(model, pelvic_tilt=[0, 3])
swept = time.perf_counter() - start
print(*ds.lumbar_compression.values, *ds.group_activation.values.ravel())
print(f"import {imported:.3f} s, model {loaded:.3f} s, first sweep {swept:.3f} s", file=sys.stderr)
"""


#: What somebody does first: nothing of it has a reason to warn.
FIRST = """
import biomech as bm
for name in bm.__all__:
    getattr(bm, name)
print(bm.summary(bm.sweep(bm.load_model(), pelvic_tilt=0, knee_flexion=[0, 30])))
"""


def main() -> None:
    """Ask in a fresh process for every level, with Numba out of reach."""
    print(f"Python {sys.version.split()[0]}")
    said = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, ""), said.stderr
    check_command()
    from biomech._kernels.cpu import usable_levels
    from biomech._kernels.library import INSTALLED, manifest_path

    there = [level for level in usable_levels() if manifest_path(INSTALLED, level).exists()]
    least = min(int(sys.argv[1]), len(usable_levels()))
    assert len(there) >= least, f"libraries for {there} in {INSTALLED}"
    answers = {level: ask(BIOMECH_CPU=level) for level in there} | {"best": ask()}
    for level, numbers in answers.items():
        off = max(abs(a - b) / (1.0 + abs(b)) for a, b in zip(numbers, answers["best"], strict=True))
        print(f"{level}: differs by {off:.1e}")
        assert off < 1e-9


def check_command() -> None:
    """The command line is there; it says what it lacks, where that is so."""
    command = [Path(sysconfig.get_path("scripts")) / "biomech", "info", "small"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if find_spec("cyclopts"):
        assert (said.returncode, said.stderr) == (0, ""), said.stderr
        assert said.stdout
    else:
        message = 'biomech: the command line needs cyclopts: pip install "biomech[cli]"\n'
        assert (said.returncode, said.stdout, said.stderr) == (2, "", message), said


def ask(**environment: str) -> list[float]:
    code = "import sys; sys.modules['numba'] = sys.modules['llvmlite'] = None\n" + ASK
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True)
    print(done.stderr.strip())
    done.check_returncode()
    return [float(number) for number in done.stdout.split()]


if __name__ == "__main__":
    main()
