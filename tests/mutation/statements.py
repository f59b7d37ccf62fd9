"""The ways in and out, one statement less at a time.

In the functions below each statement that does something, each refusal and each flag is taken away in turn, in the
module's source, when it is imported. So what is added to one of them has a mutant by itself.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING

from tests.mutation.mutants import Mutant
from tests.mutation.places import PLACES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, ModuleType

    Function = ast.FunctionDef | ast.AsyncFunctionDef

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LONGEST = 90
# Calls that protect nothing, by what is called: they are left alone.
NO_PROTECTION = {
    "tell": "a report to the session",
    "tell_failure": "a report to the session",
    "os.write": "a word to another process of ours",
    "channel.recv": "waits for the session",
    "select.select": "waits",
    "os.waitpid": "reaps",
    "os.waitid": "reaps or looks",
    "os.close": "what matters is closed before the command by close_all_but, known to us or not",
    "os._exit": "the end of a process that has failed or has done its work",
    "os.rmdir": "an empty directory of the sandbox's own",
    "os.set_blocking": "our own end of a pipe",
    "os.tcsetpgrp": "job control",
    "os.setpgid": "job control",
    "os.umask": "modes of places in the sandbox's own root",
    "terminal.make_controlling": "job control",
    "confine.default_signals": "what Python ignores, the command should hear",
    "signal.pthread_sigmask": "which signals are the session's business",
    "signal.signal": "which signals are the session's business",
    "signal.set_wakeup_fd": "how signals are heard",
    "poll.register": "waits",
    "poll.poll": "waits",
    "_wait_for_one": "waits: who calls it looks again and again without",
    "self.namespaces.close": "descriptors of a process that ends",
}
# What a function ends with that refuses, besides `raise`.
_REFUSALS = ("refuse", "_exit", "abort", "break_off", "close")


def mutants() -> Iterator[Mutant]:
    """Of every place, as far as it can be shown here."""
    for place in PLACES:
        if place.applies():
            for text, _ in changes(tree(place.module), place.function):
                if place.only and not any(f"{word} " in text for word in place.only):
                    continue
                key = f"{place.module} {place.function or '*'}: {text}"
                yield Mutant("statements", key, place.boundary, place.setting, place.scenarios, place.pack)


def install(key: str) -> None:
    """Change the module as it is imported, with all that is to be changed in it. Raises KeyError for what is not there."""
    where, _, text = key.partition(": ")
    module, function = where.split(" ")
    if module in sys.modules:
        raise RuntimeError(module)
    changed, possible = _found(module, "" if function == "*" else function)
    possible[text]()
    sys.meta_path.insert(0, _Finder(module, changed))


@functools.cache
def _found(module: str, function: str) -> tuple[ast.Module, dict[str, Callable[[], object]]]:
    """The module's one tree, and what can be changed in a function of it by what it was called before any change."""
    found = _tree(module)
    return found, dict(changes(found, function))


@functools.cache
def _tree(module: str) -> ast.Module:
    return tree(module)


class _Finder:
    """Finds one module, and compiles it from another tree."""

    def __init__(self, module: str, tree: ast.Module) -> None:
        self._module, self._tree = module, tree

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None):
        if name != self._module:
            return None
        place = _file(name)
        return importlib.util.spec_from_file_location(name, place, loader=_Loader(name, place, self._tree))


class _Loader(SourceFileLoader):
    def __init__(self, name: str, place: str, tree: ast.Module) -> None:
        super().__init__(name, place)
        self._tree = tree

    def get_code(self, fullname: str) -> CodeType:
        return compile(ast.fix_missing_locations(self._tree), self.path, "exec", dont_inherit=True)


def _file(module: str) -> str:
    """By the package's own place: nothing of it may be imported yet."""
    spec = importlib.util.find_spec("paddock")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return f"{spec.submodule_search_locations[0]}/{module.removeprefix('paddock.').replace('.', '/')}.py"


def tree(module: str) -> ast.Module:
    with open(_file(module), encoding="utf-8") as file:
        return ast.parse(file.read())


def changes(module: ast.Module, function: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """(what is taken away, how) for a function `name` or `Class.name`, or for all of a module's."""
    seen: dict[str, int] = {}
    for name, node in functions(module):
        if function not in ("", name):
            continue
        for text, change in _changes(node):
            said = f"{name}: {text}" if not function else text
            seen[said] = seen.get(said, 0) + 1
            yield (said if seen[said] == 1 else f"{said} [{seen[said]}]"), change


def functions(module: ast.Module) -> Iterator[tuple[str, Function]]:
    for node in module.body:
        if isinstance(node, _FUNCTIONS):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, _FUNCTIONS):
                    yield f"{node.name}.{inner.name}", inner


def _changes(function: Function):
    for node in ast.walk(function):
        for field in ("body", "orelse", "finalbody"):
            statements = getattr(node, field, None)
            if isinstance(statements, list):
                for statement in statements:
                    yield from _of_statement(statement, statements)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and _is_flag(node.right):
            yield f"without {ast.unparse(node.right)} in {_short(node)}", _set(node, "right", ast.Constant(0))
            if _is_flag(node.left):
                yield f"without {ast.unparse(node.left)} in {_short(node)}", _set(node, "left", ast.Constant(0))
        if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
            names = node.iter.elts
            for name in [name for name in names if isinstance(name, ast.Constant)]:
                yield f"not for {ast.unparse(name)} in {_short(node.iter)}", functools.partial(names.remove, name)


def _of_statement(statement: ast.stmt, siblings: list[ast.stmt]):
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call | ast.Await):
        if isinstance(statement.value, ast.Call) and ast.unparse(statement.value.func) in NO_PROTECTION:
            return
        yield f"no {_short(statement)}", lambda: siblings.__setitem__(siblings.index(statement), ast.Pass())
    elif isinstance(statement, ast.If) and not statement.orelse and _refuses(statement.body[-1]):
        word = "never refused if" if isinstance(statement.body[-1], ast.Raise) else "never if"
        yield f"{word} {_short(statement.test)}", _set(statement, "test", ast.Constant(False))


def _refuses(last: ast.stmt) -> bool:
    if isinstance(last, ast.Raise | ast.Return | ast.Continue):
        return True
    called = last.value.func if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in _REFUSALS


def _is_flag(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.strip("_").isupper() and "_" in name.strip("_")


def _set(node: ast.AST, field: str, value: ast.expr):
    return lambda: setattr(node, field, value)


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
