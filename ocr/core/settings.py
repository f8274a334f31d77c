"""Settings: defaults <- a TOML file <- `--set key=value` <- flags, checked once and frozen.

A settings class is a frozen pydantic model (nested models are TOML tables). An unknown key is a `UsageError` that
suggests the nearest known one: a mistyped setting that is silently ignored wastes a long run.
"""

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ocr.core.errors import UsageError


class Settings(BaseModel):
    """The parent of every settings model: frozen; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


Model = TypeVar("Model", bound=Settings)


def load(
    model: type[Model],
    *,
    file: Path | None,
    assignments: Sequence[str],
    flags: Mapping[str, Any],
    start: Model | None = None,
) -> Model:
    """Build settings of class `model`; later sources win: defaults or `start`, `file`, `assignments`, `flags`.

    Every key of `model` has a default, so that each source can be checked by itself.

    `assignments` are `table.key=value` with a TOML value (a bare word is a string). `flags` maps dotted keys to
    values; None means that the flag was not given. Raises `UsageError` that names the source and the key.
    """
    settings = start or model()
    merged: dict[str, Any] = start.model_dump() if start else {}
    # Not once at the end: a message must name the source of the mistake.
    for where, values in _layers(file, assignments, flags):
        _merge(merged, values)
        settings = check(model, merged, where=where)
    return settings


def _layers(
    file: Path | None, assignments: Sequence[str], flags: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every source of settings as it was typed, and its values."""
    if file is not None:
        yield str(file), _read_toml(file)
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"--set {assignment}: no value", hint=f"write --set {key}=VALUE")
        yield f"--set {assignment}", _table(key.strip(), _toml_value(value.strip()))
    for key, value in flags.items():
        if value is not None:
            yield f"--{key.rpartition('.')[2].replace('_', '-')}", _table(key, value)


def check(model: type[Model], values: Mapping[str, Any], *, where: str) -> Model:
    """Validate `values`; raises `UsageError` naming `where`, the key, and the nearest key that exists."""
    try:
        return model.model_validate(values)
    except ValidationError as cause:
        first = cause.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "literal_error":
            known = str(first["ctx"]["expected"]).replace("'", "")
            raise UsageError(f"{where}: {key}: there is no {first['input']!r}", hint=f"choose from {known}") from cause
        if first["type"] != "extra_forbidden":
            raise UsageError(f"{where}: {key}: {first['msg']}") from cause
        tables = {known.rpartition(".")[0] for known in known_keys(model)}
        near = difflib.get_close_matches(key, [*tables, *known_keys(model)], n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known_keys(model))}"
        raise UsageError(f"{where}: unknown key {key!r}", hint=hint) from cause


def known_keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Return all dotted keys of a settings model, in order of definition."""
    keys: list[str] = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            keys += known_keys(inner, f"{prefix}{name}.")
        else:
            keys.append(prefix + name)
    return keys


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as cause:
        raise UsageError(f"cannot read the settings file {file}: {cause.strerror}") from cause
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise UsageError(f"{file} is not TOML: {cause}") from cause


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _table(dotted: str, value: Any) -> dict[str, Any]:
    """Return nested tables for `a.b.c` and a value."""
    for key in reversed(dotted.split(".")):
        value = {key: value}
    return dict(value)


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with dotted keys (`render.dpi`) as tables in tables."""
    tables: dict[str, Any] = {}
    for key, value in values.items():
        _merge(tables, _table(key, nested(value) if isinstance(value, Mapping) else value))
    return tables


def _merge(values: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            _merge(values[key], value)
        else:
            values[key] = value
