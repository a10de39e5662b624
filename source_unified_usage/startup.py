"""Importing the CDK in less than half the time, without the work of imports that the source never uses."""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any, NoReturn

# Parts of the CDK that the source never uses. Of the names that its engine imports from them it only asks whether a
# stream is one of them, and no stream of this source is; or it calls them in methods that this source has replaced.
_CDK = "airbyte_cdk"
_DECLARATIVE = f"{_CDK}.sources.declarative"
_HTTP = f"{_CDK}.sources.streams.http"  # with requests-cache and pyrate-limiter
_HELPERS = f"{_CDK}.sources.utils.schema_helpers"  # with pydantic
_CONFIG = f"{_CDK}.sources.config"  # likewise
_LEFT_OUT = (_DECLARATIVE, _HTTP, _HELPERS, _CONFIG)
_ASKED_FOR: dict[str, tuple[str, ...]] = {
    f"{_DECLARATIVE}.incremental.concurrent_partition_cursor": ("ConcurrentPerPartitionCursor",),
    f"{_DECLARATIVE}.partition_routers.cartesian_product_stream_slicer": ("CartesianProductStreamSlicer",),
    f"{_DECLARATIVE}.partition_routers.grouping_partition_router": ("GroupingPartitionRouter",),
    f"{_DECLARATIVE}.partition_routers.partition_router": ("PartitionRouter",),
    f"{_DECLARATIVE}.partition_routers.substream_partition_router": ("SubstreamPartitionRouter",),
    f"{_DECLARATIVE}.partition_routers.union_partition_router": ("UnionPartitionRouter",),
    f"{_DECLARATIVE}.stream_slicers.declarative_partition_generator": ("StreamSlicerPartitionGenerator",),
    f"{_HTTP}.http": ("HttpStream",),
    _HELPERS: ("InternalConfig", "ResourceSchemaLoader", "check_config_against_spec_or_exit", "split_config"),
    _CONFIG: ("BaseConfig",),
}


def import_quickly(name: str) -> ModuleType:
    """The module `name`, which imports the CDK. For a process that runs nothing else.

    No garbage is collected meanwhile: imports leave none, and each collection would walk half a million objects.
    Where the CDK is not as it was when this was written, or is imported already, it is imported as a whole.
    """
    gc.disable()
    try:
        with _without_field_descriptions(), _without_dynamodb():
            return import_module(name) if _CDK in sys.modules else _import_without_unused(name)
    finally:
        gc.freeze()
        gc.enable()


def _import_without_unused(name: str) -> ModuleType:
    before = {*sys.modules}
    try:
        with _without_unused():
            return import_module(name)
    except (ImportError, AttributeError, TypeError):
        own = name.partition(".")[0]
        for module in {*sys.modules} - before:
            if module.partition(".")[0] in (_CDK, own):
                del sys.modules[module]
        return import_module(name)


@contextmanager
def _without_unused() -> Iterator[None]:
    """The CDK's package imports its declarative part, half of its modules; its engine imports all of `_LEFT_OUT`.

    Meanwhile the package is empty, its modules are imported from it all the same; afterwards it fills itself when
    somebody asks it for a name. Of `_LEFT_OUT` there are the names that the engine needs, until it has them.
    """
    spec = find_spec(_CDK)
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no {_CDK}")
    loader, package, finder = spec.loader, module_from_spec(spec), _Placeholders()

    def fill(name: str) -> Any:
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        del package.__getattr__
        loader.exec_module(package)
        return getattr(package, name)

    sys.modules[_CDK] = package
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for module in [*sys.modules]:
            if _is_left_out(module):
                del sys.modules[module]
                parent, _, name = module.rpartition(".")
                vars(sys.modules.get(parent, finder)).pop(name, None)
        package.__getattr__ = fill  # type: ignore[method-assign]


class _Placeholders(MetaPathFinder, Loader):
    """Makes the modules of `_ASKED_FOR`, each with its names and nothing else; every other name is an ImportError."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        asked_for = any(f"{module}.".startswith(f"{name}.") for module in _ASKED_FOR)
        return ModuleSpec(name, self, is_package=True) if _is_left_out(name) and asked_for else None

    def exec_module(self, module: ModuleType) -> None:
        for name in _ASKED_FOR.get(module.__name__, ()):
            # to ask `isinstance` of it is all that it allows
            setattr(module, name, type(name, (), {"__new__": _left_out, "__init_subclass__": _left_out}))


def _is_left_out(module: str) -> bool:
    return f"{module}.".startswith(tuple(f"{part}." for part in _LEFT_OUT))


def _left_out(*_: Any, **__: Any) -> NoReturn:
    raise TypeError("this part of the CDK is left out")


@contextmanager
def _without_field_descriptions() -> Iterator[None]:
    """serpyco-rs, which serialises the CDK's messages, parses their source code for the descriptions of their fields.

    They are for a JSON schema that the source never uses, and take a third of the CDK's import.
    """
    try:
        import attributes_doc
    except ImportError:  # then serpyco-rs does not use it either
        yield
        return
    parse = attributes_doc.get_attributes_doc
    attributes_doc.get_attributes_doc = lambda cls: {}
    try:
        yield
    finally:
        attributes_doc.get_attributes_doc = parse


@contextmanager
def _without_dynamodb() -> Iterator[None]:
    """requests-cache, which the CDK as a whole needs, imports boto3 for a cache in DynamoDB where it is installed.

    PyAirbyte, for example, installs it; the import takes a sixth of the time that is left.
    """
    if "boto3" in sys.modules:
        yield
        return
    sys.modules["boto3"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["boto3"]
