"""Which sources an entry point is made from, and whether they are still the same.

The fingerprint of an entry point is a hash over the syntax trees of all that it reaches: itself, the kernels it calls,
the tuples and constants that these name, from module to module, and what gives lanes and the C interface their
meaning. Comments, docstrings, layout, methods of tuples, and functions that no kernel names, are not in it: to edit
them compiles nothing. The tree is written out here, because ``ast.dump`` differs between versions of Python.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any

#: Modules and packages that take part in every entry point, as a whole.
_SUPPORT = (
    "biomech._kernels.arrays",
    "biomech._kernels.interface",
    "biomech._kernels.compiler.emission",
    "biomech._kernels.compiler.lanes",
    "biomech._kernels.compiler.lowering",
    "biomech._kernels.compiler.memory",
    "biomech._kernels.compiler.typing",
    "biomech._lanes",
)
#: Not followed: how kernels are declared and found says nothing about what they do.
_MACHINERY = "biomech._kernels"
#: Stands for all names of a module.
_ALL = "*"
_Function = ast.FunctionDef | ast.AsyncFunctionDef


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
        self._definitions: dict[str, dict[str, list[ast.stmt]]] = {}
        self._meanings: dict[tuple[str, str], tuple[str, set[tuple[str, str]]]] = {}
        self._support: dict[str, str] | None = None

    def digest(self, module: str) -> str:
        """Hash of a module's text; empty where there is no such module."""
        try:
            return digest_of([self._text(module)])
        except (OSError, UnicodeDecodeError, ImportError):
            return ""

    def fingerprint(self, entry: str) -> tuple[str, tuple[str, ...]]:
        """Fingerprint of an entry point, by the name of its module and its own; and the modules that it reaches."""
        module, _, name = entry.rpartition(".")
        top = {module.partition(".")[0], "biomech"}
        waiting, reached = [(module, name)], dict[tuple[str, str], str]()
        while waiting:
            place = waiting.pop()
            if place not in reached and _is_followed(place[0], top):
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
            defined = self._defined_in(module)
            statements = [s for own in defined.values() for s in own] if name == _ALL else defined.get(name, [])
            text = "\n".join(map(_written, statements))
            self._meanings[module, name] = text, {place for s in statements for place in _named_by(s, module)}
        return self._meanings[module, name]

    def _text(self, module: str) -> str:
        if module not in self._texts:
            script = self._script if module == "__main__" else None
            self._texts[module] = (script or _file_of(module)).read_text(encoding="utf-8")
        return self._texts[module]

    def _defined_in(self, module: str) -> dict[str, list[ast.stmt]]:
        """The statements of a module that give each of its names a meaning."""
        if module not in self._definitions:
            found: dict[str, list[ast.stmt]] = {}
            for statement in ast.parse(self._text(module)).body:
                for name in _bound_by(statement):
                    found.setdefault(name, []).append(statement)
            self._definitions[module] = found
        return self._definitions[module]


def _is_followed(module: str, top: set[str]) -> bool:
    return module.partition(".")[0] in top and not f"{module}.".startswith(f"{_MACHINERY}.")


def _file_of(module: str) -> Path:
    loaded = getattr(sys.modules.get(module), "__file__", None)
    if loaded is None:
        spec = find_spec(module)
        loaded = spec.origin if spec is not None else None
    if loaded is None:
        raise ImportError(f"module {module!r} has no file")
    return Path(loaded)


def _support_modules() -> Iterator[str]:
    root = Path(__file__).parents[2]
    for name in _SUPPORT:
        path = root / name.replace(".", "/")
        if path.is_dir():
            for file in sorted(path.glob("*.py")):
                yield name if file.stem == "__init__" else f"{name}.{file.stem}"
        else:
            yield name


def _bound_by(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement of a module gives a meaning."""
    if isinstance(statement, _Function | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0]
    else:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, ast.stmt) and node is not statement:
                yield from _bound_by(node)


def _named_by(statement: ast.stmt, module: str) -> Iterator[tuple[str, str]]:
    """Module and name of all that a statement names."""
    if isinstance(statement, ast.ImportFrom):
        package = module.rpartition(".")[0] if statement.level else ""
        for _ in range(1, statement.level):
            package = package.rpartition(".")[0]
        source = ".".join(filter(None, [package, statement.module]))
        for alias in statement.names:
            yield source, alias.name
    elif isinstance(statement, ast.Import):
        for alias in statement.names:
            yield alias.name, _ALL
    else:
        own = set(_local_names(statement))
        for node in ast.walk(_relevant(statement)):
            if isinstance(node, ast.Name) and node.id not in own:
                yield module, node.id


def _local_names(statement: ast.stmt) -> Iterator[str]:
    """Names that mean something of its own inside a function."""
    if isinstance(statement, _Function):
        for node in ast.walk(statement):
            if isinstance(node, ast.arg):
                yield node.arg
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _relevant(node: ast.AST) -> ast.AST:
    """A class without its methods, which kernels cannot call."""
    if isinstance(node, ast.ClassDef):
        fields = [part for part in node.body if not isinstance(part, _Function)]
        return ast.ClassDef(node.name, node.bases, node.keywords, fields, node.decorator_list)
    return node


def _written(node: Any) -> str:
    """A syntax tree as text: without docstrings, positions, and fields that are empty."""
    if isinstance(node, list):
        return f"[{','.join(map(_written, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    parts = []
    for name, value in ast.iter_fields(_relevant(node)):
        if name == "body" and isinstance(node, _Function | ast.ClassDef | ast.Module):
            value = [part for part in value if not _is_text(part)]
        if name not in ("ctx", "kind", "type_comment") and value is not None and value != []:
            parts.append(f"{name}={_written(value)}")
    return f"{type(node).__name__}({','.join(parts)})"


def _is_text(statement: Any) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
