"""Damaged model files: every one gives a body whose answers are numbers, or a ``ModelError`` that says where.

    python tests/fuzz_osim_damage.py --minutes 10 FILE.osim ...
    python tests/fuzz_osim_damage.py --seed 3 --case 1712 --keep broken.osim FILE.osim ...

Without files those of ``tests/reference/osim``. A case is one file with a few damages: bytes that flip, elements that
are gone, there twice, elsewhere or under another tag, numbers that are huge, none or too many, names that are
another's, references that go round in circles. Of a body that is read, places, paths and gravity must be numbers at its
defaults and at a random pose, and it must be written and read again; what depends on something that is not computed may
be refused.

Failures are counted per kind, and each kind is printed with the first case of it. Exit 1 where there are any.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import numpy as np

import biomech as bm
from biomech.errors import BiomechError, BiomechWarning, ModelError

OWN = Path(__file__).parent / "reference" / "osim"
#: Seconds of computing that a file may take.
SLOW = 5.0
#: What stands in place of a value.
WORDS = (
    *("", "nan", "-nan", "inf", "-Inf", "1e308", "-1e308", "1e99", "1e-320", "1e20", "-1", "0", "-0", "1,5", "x"),
    *("0 0 0", "1 2", "1 2 3 4 5 6 7", "nan 0 0", "1e90 1e90 1e90", "()", "(1 2 3)", "true", "ground", "/ground", ".."),
    *("/bodyset", "../..", "/jointset/", "all", "1_0", "\u0661", "n" * 5000, ";", "a;b", "a b", "\u00e9", "'", "0x10"),
    *("/", "."),
)
#: What stands in place of one number.
NUMBERS = ("nan", "inf", "1e30", "-1e30", "1e99", "0", "-1", "1e-300", "1e-9", "1e6", "7", "-0.5", "2")
_TAG = re.compile(r"<(/?)([A-Za-z_][\w.:-]*)([^<>]*?)(/?)>")
_VALUE = re.compile(r">([^<>]*[^<>\s][^<>]*)</")
_NUMBER = re.compile(r"(?<=[\s>])-?[0-9][0-9.eE+-]*(?=[\s<])")
_NAME = re.compile(r'name="([^"]*)"')


# ---- damages -------------------------------------------------------------------------------------------------------


def spans(text: str) -> list[tuple[int, int]]:
    """Where elements begin and end."""
    found: list[tuple[int, int]] = []
    open_: list[tuple[str, int]] = []
    for own in _TAG.finditer(text):
        if own[1]:
            if open_ and open_[-1][0] == own[2]:
                found.append((open_.pop()[1], own.end()))
        elif own[4]:
            found.append(own.span())
        else:
            open_.append((own[2], own.start()))
    return found


def somewhere(rng: np.random.Generator, text: str, pattern: re.Pattern[str]) -> re.Match[str] | None:
    """A match anywhere."""
    return pattern.search(text, int(rng.integers(max(len(text), 1)))) or pattern.search(text)


def element(rng: np.random.Generator, text: str) -> tuple[int, int]:
    """An element anywhere, large ones more often than they are there."""
    found = spans(text)
    if not found:
        return 0, 0
    chosen = [found[i] for i in rng.integers(len(found), size=3)]
    return chosen[0] if rng.random() < 0.5 else max(chosen, key=lambda own: own[1] - own[0])


def flipped(rng: np.random.Generator, text: str) -> str:
    """Bytes are others."""
    content = bytearray(text.encode("utf-8", "surrogateescape"))
    for _ in range(int(rng.integers(1, 4))):
        content[int(rng.integers(len(content)))] = int(rng.integers(256))
    return content.decode("utf-8", "surrogateescape")


def taken_out(rng: np.random.Generator, text: str) -> str:
    """An element is gone."""
    start, end = element(rng, text)
    return text[:start] + text[end:]


def doubled(rng: np.random.Generator, text: str) -> str:
    """An element is there twice."""
    start, end = element(rng, text)
    return text[:end] + text[start:end] + text[end:]


def moved(rng: np.random.Generator, text: str) -> str:
    """An element is elsewhere."""
    start, end = element(rng, text)
    own, rest = text[start:end], text[:start] + text[end:]
    other = element(rng, rest)[int(rng.integers(2))]
    return rest[:other] + own + rest[other:]


def hollow(rng: np.random.Generator, text: str) -> str:
    """An element has nothing in it."""
    start, end = element(rng, text)
    first, last = text.find(">", start, end) + 1, text.rfind("</", start, end)
    return text[:first] + text[last:] if 0 < first < last else text


def revalued(rng: np.random.Generator, text: str) -> str:
    """A value is a word that it cannot be."""
    own = somewhere(rng, text, _VALUE)
    return text if own is None else text[: own.start(1)] + str(rng.choice(WORDS)) + text[own.end(1) :]


def renumbered(rng: np.random.Generator, text: str) -> str:
    """One number is another."""
    own = somewhere(rng, text, _NUMBER)
    return text if own is None else text[: own.start()] + str(rng.choice(NUMBERS)) + text[own.end() :]


def exchanged(rng: np.random.Generator, text: str) -> str:
    """A value is that of another property: references go elsewhere, or in circles."""
    own, other = somewhere(rng, text, _VALUE), somewhere(rng, text, _VALUE)
    return text if own is None or other is None else text[: own.start(1)] + other[1] + text[own.end(1) :]


def renamed(rng: np.random.Generator, text: str) -> str:
    """A name is another's or a word, here alone or wherever it is referred to."""
    own, other = somewhere(rng, text, _NAME), somewhere(rng, text, _NAME)
    if own is None or other is None:
        return text
    new = other[1] if rng.random() < 0.6 else str(rng.choice(WORDS))
    if rng.random() < 0.4 and own[1]:
        return re.sub(rf'(?<=[">/ ]){re.escape(own[1])}(?=["</ ])', lambda _: new, text)
    return text[: own.start(1)] + new + text[own.end(1) :]


def retagged(rng: np.random.Generator, text: str) -> str:
    """An element bears the tag of another."""
    start, end = element(rng, text)
    own, other = _TAG.match(text, start), somewhere(rng, text, _TAG)
    if own is None or other is None or own[4]:
        return text
    last = text.rfind("</", start, end)
    return f"{text[: own.start(2)]}{other[2]}{text[own.end(2) : last]}</{other[2]}>{text[end:]}"


def copied_over(rng: np.random.Generator, text: str) -> str:
    """An element stands in place of another of its tag."""
    start, end = element(rng, text)
    tag = _TAG.match(text, start)
    others = [own for own in spans(text) if tag and text.startswith(f"<{tag[2]}", own[0])]
    if not others:
        return text
    first, last = others[int(rng.integers(len(others)))]
    return text[:start] + text[first:last] + text[end:]


DAMAGES: tuple[Callable[[np.random.Generator, str], str], ...] = (
    *(flipped, taken_out, doubled, moved, hollow, exchanged, renamed, retagged, copied_over),
    *(revalued, revalued, renumbered, renumbered, renumbered),
)


def damaged(files: list[Path], seed: int, case: int) -> tuple[str, str, np.random.Generator]:
    """What was done to which file, its text, and the generator that goes on."""
    rng = np.random.default_rng([seed, case])
    file = files[int(rng.integers(len(files)))]
    text = file.read_bytes().decode("utf-8", "surrogateescape")
    done = [DAMAGES[i] for i in rng.integers(len(DAMAGES), size=int(rng.choice([1, 1, 1, 2, 3])))]
    for own in done:
        text = own(rng, text)
    return f"{file.name} {'+'.join(own.__name__ for own in done)}", text, rng


# ---- what comes of it ----------------------------------------------------------------------------------------------

Failure = tuple[str, str] | None


def failure(path: Path, rng: np.random.Generator) -> Failure:
    """The kind of what is wrong, and more of it; None where nothing is."""
    started = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", BiomechWarning)
            wrong = _asked(path, rng)
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {Path(frame.filename).name} {frame.name}", f"{error}"
    took = time.process_time() - started
    return ("slow", f"{took:.1f} s") if took > SLOW else wrong


def _asked(path: Path, rng: np.random.Generator) -> Failure:
    try:
        model = bm.read_osim(path)
    except ModelError as error:
        told = re.search(r"line \d+, (element|outside of any element)", str(error))
        plain = re.sub(r"'[^']*'|-?\d[\d.e+-]*|\S*/\S*", "_", str(error))[:70]
        return None if told else (f"says no line: {plain}", f"{error}")
    for pose in ({}, _random_pose(model, rng)):
        for question in ("kinematics", "gravity", "muscle_geometry"):
            try:
                ds = getattr(model, question)(pose)
            except BiomechError as error:
                if "not computed" in str(error):
                    continue
                return f"refuses {question}: {str(error)[:40]}", f"{error}"
            bad = [str(name) for name, own in ds.data_vars.items() if own.dtype.kind == "f" and np.isnan(own).any()]
            if bad:
                return f"NaN in {question}", f"{bad} at {pose}"
    return _written(model, path)


def _random_pose(model: bm.Model, rng: np.random.Generator) -> dict[str, float]:
    """Anywhere in the ranges; what follows others is left to do so."""
    table = model.tables["coordinates"]
    follow = set(model.tables["couplers"].text("dependent")) if "couplers" in model.tables else set()
    ends = zip(table.rows, table.numbers("range_min"), table.numbers("range_max"), strict=True)
    return {name: float(rng.uniform(low, high)) for name, low, high in ends if name not in follow}


def _written(model: bm.Model, path: Path) -> Failure:
    """What is written is read again, and bodies are where they were."""
    again = path.with_name("again.osim")
    try:
        bm.write_osim(model, again)
        other = bm.read_osim(again)
        one, two = model.kinematics(), other.kinematics()
    except BiomechError as error:
        refused = "not computed" in str(error) or "OpenSim's names have" in str(error)
        return None if refused else (f"not written again: {str(error)[:40]}", f"{error}")
    if one.sizes != two.sizes:
        return "written as another", f"{dict(one.sizes)} and {dict(two.sizes)}"
    far = float(np.abs(one.origin.values - two.origin.values).max(initial=0.0))
    return ("written as another", f"{far:.3g} m") if far > 1e-6 * max(1.0, float(np.abs(one.origin).max())) else None


def _ended(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"more than {2 * SLOW:g} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int, help="this one alone")
    parser.add_argument("--keep", type=Path, help="where the file of that case is left")
    given = parser.parse_args()
    files = given.files or sorted(OWN.glob("*.osim"))
    signal.signal(signal.SIGPROF, _ended)
    count: Counter[str] = Counter()
    first = case = given.case or 0
    end = time.monotonic() + 60.0 * given.minutes
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.osim"
        while time.monotonic() < end and (given.case is None or case == first):
            what, text, rng = damaged(files, given.seed, case)
            path.write_bytes(text.encode("utf-8", "surrogateescape"))
            if given.keep:
                given.keep.write_bytes(path.read_bytes())
            signal.setitimer(signal.ITIMER_PROF, 2.0 * SLOW)
            found = failure(path, rng)
            signal.setitimer(signal.ITIMER_PROF, 0.0)
            if found:
                count[found[0]] += 1
                if count[found[0]] == 1:
                    print(f"--seed {given.seed} --case {case} ({what}): {found[0]}: {found[1][:300]}", flush=True)
            case += 1
    print(f"{case - first} files, {sum(count.values())} failures")
    for kind, number in count.most_common():
        print(f"{number:6d} {kind}")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
