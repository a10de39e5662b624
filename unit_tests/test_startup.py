"""What the command leaves out when it imports the CDK, and that nothing else notices."""

import gc
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import attributes_doc
import pytest

from source_unified_usage.startup import import_quickly

_PROBE = """
    import gc
    from attributes_doc import get_attributes_doc

    class Documented:
        name: str = ""
        '''What it is called.'''

    collects, described = gc.isenabled(), get_attributes_doc(Documented)
    try:
        import boto3
    except ImportError:
        boto3 = None
"""


def test_what_is_left_out_is_there_again_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "boto3", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "startup_probe.py").write_text(dedent(_PROBE))
    found = import_quickly("startup_probe")
    assert (found.collects, found.described, found.boto3) == (False, {}, None)
    assert gc.isenabled()
    assert attributes_doc.get_attributes_doc(found.Documented) == {"name": "What it is called."}
    assert "boto3" not in sys.modules


def test_an_import_that_fails_changes_nothing_either() -> None:
    parse = attributes_doc.get_attributes_doc
    with pytest.raises(ImportError):
        import_quickly("there_is_no_such_module")
    assert gc.isenabled()
    assert attributes_doc.get_attributes_doc is parse


def in_new_process(script: str) -> list[str]:
    """The lines that a script writes. `declarative()` counts the modules of the CDK's declarative part."""
    helpers = """
        import sys
        from source_unified_usage import startup
        def declarative():
            return len([name for name in sys.modules if name.startswith("airbyte_cdk.sources.declarative")])
    """
    command = [sys.executable, "-c", dedent(helpers) + dedent(script)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_the_declarative_part_is_left_out_until_somebody_asks_for_it() -> None:
    """When this fails after an update of the CDK, its engine asks for other classes than those in `_ASKED_FOR`."""
    assert in_new_process("""
        startup.import_quickly("source_unified_usage.entrypoint")
        print(declarative())
        from airbyte_cdk.sources.declarative.partition_routers.partition_router import PartitionRouter
        print(PartitionRouter.__doc__ is not None)
        import airbyte_cdk
        print(issubclass(airbyte_cdk.SubstreamPartitionRouter, PartitionRouter))
        from airbyte_cdk.entrypoint import AirbyteEntrypoint
        print(airbyte_cdk.AirbyteEntrypoint is AirbyteEntrypoint)
    """) == ["0", "True", "True", "True"]


def test_packages_that_are_never_used_are_left_out_too() -> None:
    """They are a quarter of the modules. Whoever wants what imports them has it afterwards."""
    assert in_new_process("""
        startup.import_quickly("source_unified_usage.entrypoint")
        print([name for name in ("pydantic", "requests_cache", "pyrate_limiter") if name in sys.modules])
        from airbyte_cdk.sources.utils import schema_helpers
        print(schema_helpers.split_config({"_limit": 5, "a": 1})[0])
        from airbyte_cdk.sources.streams.http import HttpStream
        print(HttpStream.__doc__ is not None)
    """) == ["[]", "{'a': 1}", "True"]


def test_the_engine_only_asks_whether_something_is_declarative() -> None:
    assert in_new_process("""
        startup.import_quickly("source_unified_usage.entrypoint")
        from airbyte_cdk.sources.streams.concurrent.default_stream import StreamSlicerPartitionGenerator as left_out
        print(isinstance(object(), left_out))
        for use in (left_out, lambda: type("Other", (left_out,), {})):
            try:
                use()
            except TypeError as error:
                print(error)
    """) == ["False", *["this part of the CDK is left out"] * 2]


@pytest.mark.parametrize("missing", ["partition_routers.partition_router", "stream_slicers", "incremental"])
def test_a_cdk_of_another_shape_is_imported_as_a_whole(missing: str) -> None:
    assert in_new_process(f"""
        for module in [*startup._ASKED_FOR]:
            if {missing!r} in module:
                del startup._ASKED_FOR[module]
        speak = startup.import_quickly("source_unified_usage.entrypoint").speak
        print(declarative() > 100)
        import airbyte_cdk
        from source_unified_usage.source import SourceUnifiedUsage
        print(issubclass(SourceUnifiedUsage, airbyte_cdk.AbstractSource))
        print(speak.__globals__["SourceUnifiedUsage"] is SourceUnifiedUsage)
    """) == ["True", "True", "True"]


def test_a_program_with_the_source_in_it_has_the_whole_cdk() -> None:
    assert in_new_process("""
        import source_unified_usage.source
        whole = declarative()
        startup.import_quickly("source_unified_usage.entrypoint")
        print(whole > 100, declarative() == whole)
    """) == ["True True"]
