"""Small faults of a package's functions: mutmut thinks them up, and each can take the place of its original.

mutmut's own runner knows no random sample, no budget and no CPU time, and its trampolines make every call slower; so
only its operators are used. It leaves out what stands outside functions, and decorated functions other than static and
class methods.
"""

from __future__ import annotations
import __future__

import ast
import difflib
import functools
import importlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import Mutation, create_mutations, deep_replace


@dataclass(frozen=True, eq=False)
class Mutant:
    """One fault in one function. `lines` are those of the statement it is in: a test that runs none of them cannot
    notice it. A fault in a default value has those of the whole function."""

    path: Path
    line: int
    lines: range
    owner: cst.ClassDef | None
    mutation: Mutation

    @property
    def function(self) -> cst.FunctionDef:
        function = self.mutation.contained_by_top_level_function
        assert function is not None
        return function

    def diff(self) -> str:
        before, after = (self._code(each).splitlines() for each in (self.function, self._mutated()))
        changed = difflib.unified_diff(before, after, n=2, lineterm="")
        shown = [line for line in changed if not line.startswith(("---", "+++", "@@"))]
        name = f"{self.owner.name.value}." if self.owner else ""
        return "\n".join([f"{self.path}:{self.line} {name}{self.function.name.value}", *shown])

    def prepare(self) -> tuple[FunctionType, FunctionType]:
        """The living function, and the mutant made beside it: nothing is changed yet."""
        module = importlib.import_module(".".join(self.path.with_suffix("").parts).removesuffix(".__init__"))
        made: dict[str, Any] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            flags = __future__.annotations.compiler_flag
            exec(
                compile(self._code(self._mutated()), str(self.path), "exec", flags, dont_inherit=True),
                vars(module),
                made,
            )
        original, mutated = self._found_in(vars(module)), self._found_in(made)
        assert original.__code__.co_freevars == mutated.__code__.co_freevars, f"{self.path}:{self.line}: other closure"
        return original, mutated

    def _found_in(self, names: dict[str, Any]) -> FunctionType:
        name = self.function.name.value
        found = vars(names[self.owner.name.value])[name] if self.owner else names[name]
        found = getattr(found, "__func__", found)
        assert isinstance(found, FunctionType), f"{self.path}: {name} is {found!r}, no function"
        return found

    def _mutated(self) -> cst.FunctionDef:
        made = deep_replace(self.function, self.mutation.original_node, self.mutation.mutated_node)
        assert isinstance(made, cst.FunctionDef)
        return made

    def _code(self, function: cst.FunctionDef) -> str:
        """A method stands in a class of its own, so that `super()` compiles."""
        if self.owner is None:
            return cst.Module([function]).code
        body = cst.IndentedBlock([function])
        return cst.Module([cst.ClassDef(name=self.owner.name, body=body)]).code


def plant(original: FunctionType, mutated: FunctionType) -> None:
    """Puts the mutant where every name that holds the function finds it, in this process."""
    original.__code__ = mutated.__code__
    original.__defaults__ = mutated.__defaults__
    original.__kwdefaults__ = mutated.__kwdefaults__


def mutants_of(package: Path) -> list[Mutant]:
    """All that mutmut knows for the functions of a package, in the order of its files; `package` relative to here."""
    return [mutant for path in sorted(package.rglob("*.py")) for mutant in _mutants_of_file(path)]


def _mutants_of_file(path: Path) -> Iterator[Mutant]:
    source = path.read_text(encoding="utf-8")
    module, mutations, _, _ = create_mutations(str(path), source)
    positions = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
    owners = {
        id(each): each_class
        for each_class in module.body
        if isinstance(each_class, cst.ClassDef)
        for each in each_class.body.body
    }
    statement_at = functools.cache(functools.partial(_statement_at, ast.parse(source)))
    for mutation in mutations:
        function = mutation.contained_by_top_level_function
        if isinstance(function, cst.FunctionDef):
            line = positions[mutation.original_node].start.line
            yield Mutant(path, line, statement_at(line), owners.get(id(function)), mutation)


def _statement_at(tree: ast.Module, line: int) -> range:
    """The lines of the innermost statement there: without its body if it has one, but of a function all."""
    holding = [
        node for node in ast.walk(tree) if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    innermost = max(holding, key=lambda node: (node.lineno, -(node.end_lineno or 0)))
    end = (innermost.end_lineno or 0) + 1
    body = getattr(innermost, "body", None)
    if body and not isinstance(innermost, ast.FunctionDef):
        end = max(body[0].lineno, innermost.lineno + 1)
    return range(innermost.lineno, end)
