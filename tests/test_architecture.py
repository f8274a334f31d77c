"""The house rules that a machine can hold: order of imports, size of modules and functions, documentation."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ocr", "data", "eval", "training")
MODULE_LINES = 300
CLI_LINES = 100
COMMANDS = re.compile(r"(_commands?|cli)$")
"""Modules whose public functions are commands: each parameter is an option of the command line."""
API = re.compile(r"[._]api$")
"""Modules whose functions take the flags of a command as keywords, which are not counted."""
PACKAGE_MODULES = 9
TOP_MODULES = 4
FUNCTION_LINES = 40
NESTING = 3
PARAMETERS = 5
HEAVY = {"torch", "vllm", "transformers", "onnxruntime", "openvino", "rapidocr", "cv2", "PIL", "numpy", "matplotlib"}
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def modules() -> list[Path]:
    found = [ROOT / "cli.py"]
    for package in PACKAGES:
        found += sorted((ROOT / package).rglob("*.py"))
    return found


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {name_of(path): path for path in modules()}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in SOURCES.items()}


def imported(name: str) -> set[str]:
    """The project modules that module `name` imports, at the top or inside functions.

    What a package's `__init__` imports for type checkers only is its API, which is loaded when it is used.
    """
    found: set[str] = set()
    never = {id(node) for block in TREES[name].body if is_for_types(block) for node in ast.walk(block)}
    for node in ast.walk(TREES[name]):
        if id(node) in never and is_package(name):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        elif isinstance(node, ast.ImportFrom):
            pytest.fail(f"{name}: relative import in line {node.lineno}; write the whole name")
    return {module for module in found & SOURCES.keys() if module != name and not is_bare_package(module)}


def is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def is_bare_package(module: str) -> bool:
    """A docstring-only `__init__` stands nowhere in the order: importing a submodule always touches it."""
    code = (*FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom)
    return SOURCES[module].name == "__init__.py" and not any(isinstance(node, code) for node in TREES[module].body)


def code_lines(node: ast.AST, source: list[str]) -> int:
    """Lines that hold code: no blank line, comment or docstring."""
    first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", len(source))
    quiet: set[int] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant) and isinstance(inner.value.value, str):
            quiet |= set(range(inner.lineno, (inner.end_lineno or inner.lineno) + 1))
    lines = [number for number in range(first, last + 1) if number not in quiet]
    return sum(1 for n in lines if source[n - 1].strip() and not source[n - 1].strip().startswith("#"))


def depth(node: ast.AST, level: int = 0) -> int:
    deepest = level
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            continue
        # `elif` is one more choice at the same depth, not one level deeper.
        chained = isinstance(node, ast.If) and node.orelse == [child] and isinstance(child, ast.If)
        deepest = max(deepest, depth(child, level + (isinstance(child, BLOCKS) and not chained)))
    return deepest


def test_layers_import_only_layers_below_them() -> None:
    """The layers stand in pyproject.toml; import-linter follows indirect imports too."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_import_cycles() -> None:
    graph = {name: imported(name) for name in SOURCES}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path[path.index(name) :], name))
        if name not in done:
            for other in graph[name]:
                visit(other, (*path, name))
            done.add(name)

    for name in SOURCES:
        visit(name, ())


def is_package(name: str) -> bool:
    return SOURCES[name].name == "__init__.py"


def test_packages_are_small() -> None:
    """A package has at most nine modules, and `ocr` itself at most four."""
    sizes: dict[str, list[str]] = {}
    for name in SOURCES:
        if not is_package(name):
            sizes.setdefault(name.rpartition(".")[0], []).append(name)
    assert not {package: modules for package, modules in sizes.items() if len(modules) > PACKAGE_MODULES}
    assert len(sizes.get("ocr", [])) <= TOP_MODULES


def test_no_module_name_stands_twice() -> None:
    places: dict[str, list[str]] = {}
    for name in SOURCES:
        if not is_package(name):
            places.setdefault(name.rpartition(".")[2], []).append(name)
    assert not {leaf: names for leaf, names in places.items() if len(names) > 1}


def test_unit_tests_mirror_the_tree() -> None:
    """tests/unit/PACKAGE/test_MODULE.py tests PACKAGE.MODULE; a suffix (test_MODULE_TOPIC.py) divides a long one."""
    wrong = []
    for path in (ROOT / "tests" / "unit").rglob("test_*.py"):
        package = ".".join(path.parent.relative_to(ROOT / "tests" / "unit").parts)
        stem = path.stem.removeprefix("test_")
        leaves = {name.rpartition(".")[2] for name in SOURCES if name.rpartition(".")[0] == package}
        leaves |= {"init"} if package in SOURCES else set()
        if not any(stem == leaf or stem.startswith(f"{leaf}_") for leaf in leaves):
            wrong.append(path.relative_to(ROOT).as_posix())
    assert not wrong


@pytest.mark.parametrize("name", SOURCES)
def test_module_is_small_and_says_what_it_is_for(name: str) -> None:
    tree, source = TREES[name], SOURCES[name].read_text(encoding="utf-8").splitlines()
    assert ast.get_docstring(tree), f"{name} does not open with what it is for"
    assert code_lines(tree, source) <= (CLI_LINES if name == "cli" else MODULE_LINES)


@pytest.mark.parametrize("name", SOURCES)
def test_functions_are_small(name: str) -> None:
    source = SOURCES[name].read_text(encoding="utf-8").splitlines()
    wrong = []
    for node in ast.walk(TREES[name]):
        if not isinstance(node, FUNCTIONS):
            continue
        options = [] if API.search(name) else node.args.kwonlyargs
        parameters = [*node.args.posonlyargs, *node.args.args, *options]
        count = len([p for p in parameters if p.arg not in ("self", "cls")])
        command = COMMANDS.search(name) is not None and not node.name.startswith("_")
        if code_lines(node, source) > FUNCTION_LINES and not command:
            wrong.append(f"{node.name}: {code_lines(node, source)} lines of code")
        if count > PARAMETERS and not command:
            wrong.append(f"{node.name}: {count} parameters")
        if depth(node) > NESTING:
            wrong.append(f"{node.name}: nested {depth(node)} deep")
    assert not wrong, f"{name}: {wrong}"


@pytest.mark.parametrize("name", SOURCES)
def test_public_things_are_documented(name: str) -> None:
    """Public functions say what they do; a class says it unless its fields are all that it is."""
    wrong = []
    for node in TREES[name].body:
        public = isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_")
        if not public or ast.get_docstring(node):
            continue
        plain_value = isinstance(node, ast.ClassDef) and all(
            isinstance(part, (ast.AnnAssign, ast.Expr)) for part in node.body
        )
        if not plain_value:
            wrong.append(node.name)
    assert not wrong, f"{name}: no docstring on {wrong}"


@pytest.mark.parametrize("name", SOURCES)
def test_broad_except_stands_in_two_places_only(name: str) -> None:
    """cli.main, and the loop of extract that records a failure and goes on: elsewhere failures are named."""
    found = []
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.ExceptHandler):
            found += [node.lineno] if is_broad(node.type) and not hands_on(node) else []
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            found += [node.lineno for kind in node.args if is_broad(kind)]
    assert len(found) == (name in ("cli", "ocr.pipeline.scheduler")), f"{name}: broad except in lines {found}"


def hands_on(handler: ast.ExceptHandler) -> bool:
    """Does it raise the exception again, or give it to the future that someone waits for?"""
    last = handler.body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return ast.unparse(last.value).endswith(f".set_exception({handler.name})")
    return isinstance(last, ast.Raise)


def is_broad(kind: ast.expr | None) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(one is None or ast.unparse(one) in ("Exception", "BaseException") for one in kinds)


@pytest.mark.parametrize("name", SOURCES)
def test_names_say_what_a_thing_does(name: str) -> None:
    """`utils` and `helpers` hold anything, a `Manager` does anything, and `Base` is for inheritance, which we avoid."""
    defined = dict.fromkeys(name.split("."), 1)
    for node in ast.walk(TREES[name]):
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            defined[node.name] = node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            defined[node.id] = node.lineno
    wrong = {word: line for word, line in defined.items() if is_empty_name(word)}
    assert not wrong, f"{name}: {wrong}"


def is_empty_name(name: str) -> bool:
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
    return any(word.lower() in ("util", "utils", "helper", "helpers", "manager") for word in words) or "Base" in words


@pytest.mark.parametrize(
    ("name", "empty"),
    [
        ("file_utils", True), ("helpers", True), ("JobManager", True), ("BaseEngine", True), ("_EngineBase", True),
        ("manage", False), ("baseline", False), ("DataBase", True), ("Baseline", False), ("contextmanager", False),
    ],
)  # fmt: skip
def test_the_rule_about_names_sees_what_it_should(name: str, empty: bool) -> None:
    assert is_empty_name(name) is empty


@pytest.mark.parametrize(
    ("code", "broad"),
    [
        ("except:", True), ("except Exception:", True), ("except (OSError, Exception):", True),
        ("except OSError:", False), ("except (OSError, ValueError) as problem:", False),
    ],
)  # fmt: skip
def test_the_rule_about_broad_excepts_sees_what_it_should(code: str, broad: bool) -> None:
    (block,) = ast.parse(f"try:\n    work()\n{code}\n    pass").body
    assert isinstance(block, ast.Try)
    assert is_broad(block.handlers[0].type) is broad


@pytest.mark.parametrize(
    ("body", "on"),
    [
        ("raise", True), ("found.set_exception(failure)", True), ("pass", False),
        ("found.set_exception(ValueError())", False), ("failures.append(failure)", False),
    ],
)  # fmt: skip
def test_the_rule_about_broad_excepts_knows_what_hands_a_failure_on(body: str, on: bool) -> None:
    (block,) = ast.parse(f"try:\n    work()\nexcept Exception as failure:\n    {body}").body
    assert isinstance(block, ast.Try)
    assert hands_on(block.handlers[0]) is on


def test_help_comes_before_anything_heavy_is_imported() -> None:
    code = "import sys, cli\ntry:\n    cli.main(['--help'])\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, "extract" in done.stdout) == (0, True), done.stderr
    loaded = set(done.stderr.split())
    assert "cli" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("name", SOURCES)
def test_text_files_name_their_encoding(name: str) -> None:
    wrong = []
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            keywords = {word.arg for word in node.keywords}
            if node.func.attr in ("read_text", "write_text") and "encoding" not in keywords:
                wrong.append(node.lineno)
    assert not wrong, f"{name}: no encoding in lines {wrong}"
