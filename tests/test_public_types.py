"""Public signatures name their types: `Any` stands only where a value is another package's and has no common type."""

import ast
from collections.abc import Iterator

import pytest
from paths import ROOT

PACKAGES = ("eval", "data", "training")
FOREIGN = {
    "eval.systems.vendor_clients.connect": "the clients of three vendors have no type in common",
    "eval.systems.vendor_clients.ask": "the clients of three vendors have no type in common",
    "eval.systems.vendor_clients.close": "the clients of three vendors have no type in common",
    "training.formatting.lazily": "a Dataset of datasets, which is loaded late",
    "training.trainer.batched_vision_attention.attend_by_length": "a module of torch, which is loaded late",
    "training.trainer.batched_vision_attention.attend_densely": "a module of torch, which is loaded late",
    "training.trainer.batched_vision_attention.spare_frozen_tower": "a module of torch, which is loaded late",
    "training.trainer.model_loading.TrainerParts.adapter": "a configuration of peft",
    "training.trainer.model_loading.TrainerParts.processor": "a processor of transformers",
    "training.trainer.model_loading.TrainerParts.weights": "a model of transformers",
    "training.trainer.model_loading.load_processor": "a processor of transformers",
    "training.trainer.model_loading.load_weights": "a model of transformers",
    "training.trainer.monitor.Watcher.follow": "a trainer of trl",
    "training.trainer.tiny_model.build_tokenizer": "a tokenizer of transformers",
    "training.trainer.tiny_pixtral.configure": "a configuration of transformers",
    "training.trainer.tiny_pixtral.build_processor": "a processor of transformers",
    "training.trainer.trainers.Collator": "a batch of tensors of torch",
    "training.trainer.trainers.StageTrainer.trainer": "a trainer of trl",
}
"""What may be `Any`, and why."""
FOREIGN_PACKAGES = {
    "training.joint.": "tensors of torch, a trainer of trl",
    "training.recognizer.": "modules and tensors of torch, graphs of onnx",
}
"""Packages that pass foreign values nearly everywhere, and which."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def uses_any(annotation: ast.expr) -> bool:
    """Whether `Any` stands anywhere in an annotation, also in one that is written as a string."""
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name) and node.id == "Any":
            return True
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isprintable():
            try:
                inner = ast.parse(node.value, mode="eval").body
            except SyntaxError:
                continue
            if not isinstance(inner, ast.Constant) and uses_any(inner):
                return True
    return False


def annotations(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    arguments = function.args
    all_arguments = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    found = [argument.annotation for argument in all_arguments if argument and argument.annotation]
    return [*found, function.returns] if function.returns else found


def public_any(body: list[ast.stmt], prefix: str) -> Iterator[str]:
    """Yield the public functions, methods, fields and aliases whose types hold `Any`."""
    for node in body:
        if isinstance(node, FUNCTIONS):
            is_public = not node.name.startswith("_") or node.name == "__init__"
            if is_public and any(map(uses_any, annotations(node))):
                yield f"{prefix}.{node.name}"
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_any(node.body, f"{prefix}.{node.name}")
        elif isinstance(node, (ast.AnnAssign, ast.Assign)):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            said = node.annotation if isinstance(node, ast.AnnAssign) else node.value  # the value of a type alias
            if isinstance(target, ast.Name) and not target.id.startswith("_") and uses_any(said):
                yield f"{prefix}.{target.id}"


@pytest.mark.parametrize("package", PACKAGES)
def test_any_stands_only_for_foreign_values(package: str) -> None:
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found += public_any(ast.parse(path.read_text(encoding="utf-8")).body, module)
    found = [name for name in found if not name.startswith(tuple(FOREIGN_PACKAGES))]
    assert set(found) == {name for name in FOREIGN if name.startswith(f"{package}.")}


def test_the_count_sees_every_place() -> None:
    code = """
def a(x: dict[str, Any]): ...
def b() -> "list[Any] | None": ...
def c(*args: Any, **more: int): ...
def _private(x: Any): ...
def fine(x: dict[str, object], said: Literal["any"]) -> "Axes": ...
class D:
    field: Any
    _hidden: Any
    def __init__(self, x: Any): ...
    async def method(self, x: Callable[[Any], None]): ...
class _E:
    field: Any
Alias = dict[str, Any]
_alias: TypeAlias = Any
"""
    assert list(public_any(ast.parse(code).body, "m")) == [
        "m.a", "m.b", "m.c", "m.D.field", "m.D.__init__", "m.D.method", "m.Alias",
    ]  # fmt: skip
