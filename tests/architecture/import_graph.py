"""Who imports whom, as far as an import is carried out or type-checked when a module is imported."""

import ast
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet

Graph = Mapping[str, AbstractSet[str]]


def imports_on_import(tree: ast.AST) -> Iterator[str]:
    """What a module imports outside its functions, for type checking as well: modules, or names in them."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from imports_on_import(node)


def graph_of(trees: Mapping[str, ast.AST]) -> Graph:
    """The modules that each of these modules imports, of these modules."""
    return {
        name: {found for imported in imports_on_import(tree) if (found := _module(imported, trees))} - {name}
        for name, tree in trees.items()
    }


def _module(imported: str, known: Collection[str]) -> str:
    """The module that is meant by a dotted name, which may end with names in it; empty for a library's."""
    while imported and imported not in known:
        imported = imported.rpartition(".")[0]
    return imported


def of_packages(graph: Graph, root: str) -> Graph:
    """The same of what is directly in the package `root`: packages with all that is in them, and modules."""

    def within(module: str) -> str:
        return ".".join(module.split(".")[: root.count(".") + 2])

    inside = {module for module in graph if module.startswith(f"{root}.")}
    packages: dict[str, set[str]] = {within(module): set() for module in inside}
    for module in inside:
        packages[within(module)] |= {within(one) for one in graph[module] & inside} - {within(module)}
    return packages


def circles(graph: Graph) -> set[frozenset[str]]:
    """The largest groups of which every member imports every other, be it through others (Tarjan, 1972)."""
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: set[frozenset[str]] = set()

    def visit(one: str) -> None:
        index[one] = lowest[one] = len(index)
        stack.append(one)
        for other in graph[one]:
            if other not in index:
                visit(other)
            if other in stack:
                lowest[one] = min(lowest[one], lowest[other])
        if lowest[one] == index[one]:
            group = stack[stack.index(one) :]
            del stack[-len(group) :]
            if len(group) > 1:
                found.add(frozenset(group))

    for one in sorted(graph):
        if one not in index:
            visit(one)
    return found
