"""Which sources an entry point is made from, and whether they are still the same.

The fingerprint of an entry point is a hash over all that it reaches: the syntax trees of itself, of the kernels it
calls, of the tuples and constants that these name, from module to module; the values of the constants; and what gives
lanes and the C interface their meaning. Comments, docstrings, layout, methods of tuples, and functions that no kernel
names are not in it: to edit them compiles nothing. What cannot be told apart is followed rather than left out. The
tree is written out here, because ``ast.dump`` differs between versions of Python.
"""

from __future__ import annotations

import ast
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from biomech._kernels.declaration import extensions

#: Modules and packages that take part in every entry point, as a whole.
_SUPPORT = (
    "biomech._kernels.arrays",
    "biomech._kernels.interface",
    "biomech._kernels.compiler.emission",
    "biomech._kernels.compiler.lanes",
    "biomech._kernels.compiler.lowering",
    "biomech._kernels.compiler.memory",
    "biomech._kernels.compiler.typing",
    "biomech._simd.functions",
    "biomech._simd.number",
)
#: Not followed: how kernels are declared and found says nothing about what they do.
_MACHINERY = "biomech._kernels"
#: Stands for all names of a module.
_ALL = "*"
_STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib")).resolve()
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Definition = _Function | ast.ClassDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
#: What can go wrong where a module has no source that can be read.
NO_SOURCE = (OSError, UnicodeDecodeError, ImportError, ValueError, SyntaxError)


def digest_of(texts: Iterable[str]) -> str:
    """One hash of several texts."""
    total = blake2b(digest_size=16)
    for text in texts:
        total.update(text.encode())
        total.update(b"\0")
    return total.hexdigest()


class Sources:
    """The sources of the modules that are here, read and parsed when they are asked for.

    Parameters
    ----------
    script : Path, optional
        The file of ``__main__``, if it is not that of this process.
    """

    def __init__(self, script: Path | None = None) -> None:
        self._script = script
        self._texts: dict[str, str] = {}
        self._digests: dict[str, str] = {}
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._modules: dict[str, _Module] = {}
        self._meanings: dict[tuple[str, str], tuple[str, set[tuple[str, str]]]] = {}
        self._support: dict[str, str] | None = None

    def is_stale(self) -> bool:
        """Whether a file that was read has changed since."""
        # a copy: another thread may be reading further files
        return any(_stamp(path) != stamp for path, stamp in list(self._stamps.items()))

    def digest(self, module: str) -> str:
        """Hash of a module's text; empty where there is no such module."""
        if module not in self._digests:  # every entry point of a library asks for the same
            try:
                self._digests[module] = digest_of([self._text(module)])
            except NO_SOURCE:
                return ""
        return self._digests[module]

    def are(self, digests: Mapping[str, str]) -> bool:
        """Whether every module is the same to the letter: then no syntax tree need be looked at."""
        return bool(digests) and all(self.digest(module) == digest for module, digest in digests.items())

    def fingerprint(self, entry: str) -> tuple[str, tuple[str, ...]]:
        """Fingerprint of an entry point, by the name of its module and its own; and the modules that it reaches.

        Raises
        ------
        OSError, UnicodeDecodeError, ImportError, SyntaxError
            A module has no source that can be read.
        """
        module, _, name = entry.rpartition(".")
        own = {module.partition(".")[0], "biomech"} | {k.name.partition(".")[0] for k in extensions().values()}
        waiting, reached = [(module, name)], dict[tuple[str, str], str]()
        while waiting:
            place = waiting.pop()
            if place not in reached and _is_followed(place[0], own):
                reached[place], named = self._meaning(*place)
                waiting += named
        if self._support is None:
            self._support = {m: _written(ast.parse(self._text(m))) for m in _support_modules()}
        parts = [f"{m}:{n}\n{text}" for (m, n), text in sorted(reached.items())]
        parts += [f"{m}\n{text}" for m, text in self._support.items()]
        return digest_of(parts), tuple(sorted({m for m, _ in reached} | set(self._support)))

    def _meaning(self, module: str, name: str) -> tuple[str, set[tuple[str, str]]]:
        """What gives a name of a module its meaning, as text; and what that names."""
        if (module, name) not in self._meanings:
            parsed = self._parsed(module)
            statements = parsed.statements if name == _ALL else parsed.by_name.get(name, [])
            named = {place for s in statements for place in _named_by(s, module, parsed.is_package)}
            if not statements:
                named |= {(source, name) for source in parsed.open_imports}
            if parsed.is_package and name != _ALL and _exists(f"{module}.{name}"):
                named.add((f"{module}.{name}", _ALL))
            text = "\n".join([*map(_written, statements), _value(module, name)])
            if put_in := extensions().get(f"{module}.{name}"):
                source, _, other = put_in.name.rpartition(".")
                named.add((source, other))
                text += f"\n{put_in.name}"
            self._meanings[module, name] = text, named
        return self._meanings[module, name]

    def _parsed(self, module: str) -> _Module:
        if module not in self._modules:
            self._modules[module] = _parse(self._text(module), module)
        return self._modules[module]

    def _text(self, module: str) -> str:
        if module not in self._texts:
            script = self._script if module == "__main__" else None
            path = script or _file_of(module)
            self._stamps[path] = _stamp(path)
            self._texts[module] = path.read_text(encoding="utf-8")
        return self._texts[module]


class _Module(NamedTuple):
    """A module's statements, and those that give each name a meaning.

    ``open_imports`` are the modules whose names it takes without saying which.
    """

    statements: list[ast.stmt]
    by_name: dict[str, list[ast.stmt]]
    open_imports: list[str]
    is_package: bool


def _parse(text: str, module: str) -> _Module:
    statements, is_package = ast.parse(text).body, _is_package(module)
    by_name: dict[str, list[ast.stmt]] = {}
    open_imports = []
    for statement in statements:
        for name in _names_given(statement):
            by_name.setdefault(name, []).append(statement)
        imported = [] if isinstance(statement, _Definition) else _imported_by(statement, module, is_package)
        open_imports += [source for source, name in imported if name == _ALL]
    return _Module(statements, by_name, open_imports, is_package)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        about = path.stat()
    except OSError:
        return 0, 0
    return about.st_mtime_ns, about.st_size


def _is_followed(module: str, own: set[str]) -> bool:
    """Whether a module is the entry point's own, or lies in nobody's installation, so that it may be edited."""
    if f"{module}.".startswith(f"{_MACHINERY}."):
        return False
    if module.partition(".")[0] in own:
        return True
    try:
        path = _file_of(module).resolve()
    except NO_SOURCE:
        return False
    # a build, too, installs what it needs into a folder of one of these names
    installed = not {"site-packages", "dist-packages"}.isdisjoint(path.parts) or path.is_relative_to(_STANDARD_LIBRARY)
    return path.suffix == ".py" and not installed


def _file_of(module: str) -> Path:
    loaded = getattr(sys.modules.get(module), "__file__", None)
    if loaded is None:
        spec = find_spec(module)
        loaded = spec.origin if spec is not None and spec.has_location else None
    if loaded is None:
        raise ImportError(f"module {module!r} has no file")
    return Path(loaded)


def _exists(module: str) -> bool:
    try:
        return module in sys.modules or find_spec(module) is not None
    except NO_SOURCE:
        return False


def _is_package(module: str) -> bool:
    loaded = sys.modules.get(module)
    return hasattr(loaded, "__path__") if loaded else _file_of(module).stem == "__init__"


def _support_modules() -> Iterator[str]:
    root = Path(__file__).parents[2]
    for name in _SUPPORT:
        path = root / name.replace(".", "/")
        if path.is_dir():
            for file in sorted(path.glob("*.py")):
                yield name if file.stem == "__init__" else f"{name}.{file.stem}"
        else:
            yield name


def _names_given(statement: ast.stmt) -> set[str]:
    """Names to which a statement of a module gives a meaning, or part of it: what it calls on may change."""
    if isinstance(statement, _Definition):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
    given = set[str]()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            given.add(node.id)
        elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            given.add(node.name)
        elif isinstance(node, ast.stmt) and node is not statement:
            given |= _names_given(node)
    return given


def _named_by(statement: ast.stmt, module: str, is_package: bool) -> Iterator[tuple[str, str]]:
    """Module and name of all that a statement names."""
    yield from _imported_by(statement, module, is_package)
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return
    own = _local_names(statement)
    for node in ast.walk(_relevant(statement)):
        if isinstance(node, ast.Name) and node.id not in own:
            yield module, node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            yield module, node.value  # an annotation, perhaps
    for node in _outside(statement):
        yield from ((module, name.id) for name in ast.walk(node) if isinstance(name, ast.Name))


def _imported_by(statement: ast.stmt, module: str, is_package: bool) -> Iterator[tuple[str, str]]:
    """Module and name of what is imported, also below ``if``, ``try`` and in functions."""
    for node in ast.walk(statement):
        if isinstance(node, ast.ImportFrom):
            package = module if is_package else module.rpartition(".")[0]
            name = "." * node.level + (node.module or "")
            source = resolve_name(name, package) if node.level else name
            for alias in node.names:
                yield source, alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, _ALL


def _local_names(statement: ast.stmt) -> set[str]:
    """Names that mean something of their own inside a function; those of a comprehension may mean both."""
    if not isinstance(statement, _Function):
        return set()
    local, waiting = set[str](), list(ast.iter_child_nodes(statement))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.arg):
            local.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            local.add(node.id)
        if not isinstance(node, _Comprehension):
            waiting += ast.iter_child_nodes(node)
    declared = {name for node in ast.walk(statement) if isinstance(node, ast.Global) for name in node.names}
    return local - declared


def _outside(statement: ast.stmt) -> list[ast.expr]:
    """The parts of a function that are worked out where it is defined: its defaults."""
    if not isinstance(statement, _Function):
        return []
    return [*statement.args.defaults, *(value for value in statement.args.kw_defaults if value is not None)]


def _relevant(node: ast.AST) -> ast.AST:
    """A tuple without its methods, which kernels cannot call."""
    if isinstance(node, ast.ClassDef) and any("NamedTuple" in _written(base) for base in node.bases):
        fields = [part for part in node.body if not isinstance(part, _Function)]
        return ast.ClassDef(node.name, node.bases, node.keywords, fields, node.decorator_list)
    return node


def _value(module: str, name: str) -> str:
    """The value of a constant, where it is one; a script's are known to nobody else."""
    loaded = sys.modules.get(module) if module != "__main__" else None
    return _constant(vars(loaded).get(name) if loaded else None)


def _constant(value: Any) -> str:
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf":
        array = np.asarray(value)
        return f"{array.dtype.str}{array.shape}{array.tobytes().hex()}"
    if isinstance(value, bool | int | str):
        return repr(value)
    if isinstance(value, float):
        return value.hex()
    if type(value) in (tuple, list):
        return f"({','.join(map(_constant, value))})"
    return ""


def _written(node: Any) -> str:
    """A syntax tree as text: without docstrings, positions, and fields that are empty."""
    if isinstance(node, list):
        return f"[{','.join(map(_written, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    parts = []
    for name, value in ast.iter_fields(_relevant(node)):
        if name == "body" and isinstance(node, _Definition | ast.Module):
            value = [part for part in value if not _is_text(part)]
        if name not in ("ctx", "kind", "type_comment") and value is not None and value != []:
            parts.append(f"{name}={_written(value)}")
    return f"{type(node).__name__}({','.join(parts)})"


def _is_text(statement: Any) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
