"""Airbyte's rules for a connector's files, as far as they can be checked without a network."""

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
import yaml
from airbyte_cdk.test.standard_tests._spec_lint import find_secret_marking_errors

from demo.report import BILLS
from integration_tests.test_vendor_down import STREAMS
from source_unified_usage import __version__
from source_unified_usage.core.spec import DOCUMENTATION_URL, connection_specification
from source_unified_usage.vendors import VENDORS

ROOT = Path(__file__).parent.parent
METADATA: dict[str, Any] = yaml.safe_load((ROOT / "metadata.yaml").read_text())
DATA: dict[str, Any] = METADATA["data"]
PYPROJECT = (ROOT / "pyproject.toml").read_text()


def of_project(key: str) -> str:
    """A plain value of [tool.poetry]; Python 3.10 has no TOML reader."""
    found = re.search(rf'^{key} = "(.+)"$', PYPROJECT, re.M)
    assert found
    return found[1]


def files() -> list[Path]:
    """What belongs to the project: as git knows it, or in an unpacked archive whatever .gitignore does not name."""
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
        found = [ROOT / name for name in listed]
    else:
        ignored = [pattern.rstrip("/") for pattern in (ROOT / ".gitignore").read_text().split()]
        found = [
            path
            for path in ROOT.rglob("*")
            if not any(Path(part).match(pattern) for part in path.relative_to(ROOT).parts for pattern in ignored)
        ]
    return [path for path in found if path.is_file()]


def test_metadata_fits_airbytes_model() -> None:
    models = pytest.importorskip(
        "airbyte_connector_models.metadata.v0.connector_metadata_definition_v0",
        reason="airbyte-connector-models supports Python below 3.13 only",
    )
    models.ConnectorMetadataDefinitionV0.model_validate(METADATA)


def test_version_license_and_names_agree() -> None:
    assert DATA["dockerImageTag"] == of_project("version") == __version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", DATA["dockerImageTag"])
    assert f"## [{DATA['dockerImageTag']}]" in (ROOT / "CHANGELOG.md").read_text()
    assert f"| {DATA['dockerImageTag']} |" in (ROOT / "docs" / "unified-usage.md").read_text()
    assert DATA["license"] == of_project("license") == "MIT"
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    name = of_project("name")
    assert DATA["dockerRepository"] == f"airbyte/{name}"
    assert DATA["remoteRegistries"]["pypi"] == {"enabled": True, "packageName": f"airbyte-{name}"}
    assert f'{name} = "source_unified_usage.run:run"' in PYPROJECT
    assert DATA["documentationUrl"] == DOCUMENTATION_URL
    assert (ROOT / "docs" / DOCUMENTATION_URL.rsplit("/", 1)[1]).is_file()


def test_tags() -> None:
    assert all(re.fullmatch(r"[a-z]+:[a-z-]+", tag) for tag in DATA["tags"])
    assert [tag for tag in DATA["tags"] if tag.startswith("language:")] == ["language:python"]


def test_the_icon_is_square_and_ours() -> None:
    icon = ElementTree.parse(ROOT / DATA["icon"]).getroot()
    assert icon.get("width") == icon.get("height")
    assert icon.get("viewBox") == f"0 0 {icon.get('width')} {icon.get('height')}"


def test_what_must_and_must_not_be_there() -> None:
    names = {str(path.relative_to(ROOT)) for path in files()}
    assert {"poetry.lock", "constraints.txt", "README.md", "acceptance-test-config.yml", ".ci/run"} <= names
    assert not {"Dockerfile", "setup.py"} & names
    assert not [name for name in names if name.startswith("secrets/")]


def test_only_https_outside_of_tests() -> None:
    allowed = ("http://json-schema.org", "http://localhost", "http://www.w3.org")
    for path in files():
        parts = path.relative_to(ROOT).parts
        if parts[0] in ("unit_tests", "integration_tests") or path.suffix in (".lock", ".png"):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.lstrip().startswith("#") or "# ignore-https-check" in line:
                continue
            for prefix in allowed:
                line = line.replace(prefix, "")
            assert "http://" not in line or "http://(localhost" in line, f"{path}:{number}: {line.strip()}"


def test_the_lock_names_no_index_and_the_constraints_follow_it() -> None:
    lock = (ROOT / "poetry.lock").read_text()
    assert "[package.source]" not in lock
    assert "\nurl = " not in lock
    locked = set(re.findall(r'^name = "(.+)"\nversion = "(.+)"$', lock, re.M))
    constraints = (ROOT / "constraints.txt").read_text().splitlines()[1:]
    assert {tuple(line.split(" ;")[0].split("==")) for line in constraints} == locked


def test_the_lock_is_in_step_with_pyproject() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has no TOML reader")
    poetry = tomllib.loads(PYPROJECT)["tool"]["poetry"]
    # what Poetry itself hashes (poetry/packages/locker.py, _get_content_hash) when there is no [project] table
    relevant = {key: poetry.get(key) for key in ("dependencies", "source", "extras", "dev-dependencies")}
    if "group" in poetry:
        relevant["group"] = poetry["group"]
    digest = hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()
    assert f'content-hash = "{digest}"' in (ROOT / "poetry.lock").read_text()


def test_the_spec_marks_its_secrets() -> None:
    assert find_secret_marking_errors(connection_specification(VENDORS)) == []


def test_allowed_hosts_cover_every_vendor() -> None:
    hosts = DATA["allowedHosts"]["hosts"]
    assert len(set(hosts)) == len(hosts)
    for vendor in VENDORS:
        addresses = [value for name, value in vars(vendor).items() if name.endswith("address")]
        assert addresses
        assert {urlsplit(address).hostname for address in addresses} <= set(hosts)


def test_no_list_of_vendors_lacks_one() -> None:
    names = {vendor.name for vendor in VENDORS}
    assert STREAMS.keys() == names, "integration_tests/test_vendor_down.py"
    assert BILLS.keys() == names, "demo/report.py"
    assert {stream.partition("_")[0] for stream in DATA["suggestedStreams"]["streams"]} == names, "metadata.yaml"
    for name in ("config", "sandbox"):
        example = json.loads((ROOT / "secrets.example" / f"{name}.json").read_text())
        assert names <= example.keys(), f"secrets.example/{name}.json"


def test_suggested_streams_exist() -> None:
    example = json.loads((ROOT / "secrets.example" / "sandbox.json").read_text())
    offered = {s.name for vendor in VENDORS for s in vendor(example[vendor.name]).streams()}
    assert set(DATA["suggestedStreams"]["streams"]) <= offered


def test_the_examples_fit_the_spec() -> None:
    from jsonschema import Draft7Validator

    validator = Draft7Validator(connection_specification(VENDORS))
    for name in ("config", "sandbox"):
        example = json.loads((ROOT / "secrets.example" / f"{name}.json").read_text())
        assert not list(validator.iter_errors(example))


def test_every_stream_and_option_is_documented() -> None:
    page = (ROOT / "docs" / "unified-usage.md").read_text()
    example = json.loads((ROOT / "secrets.example" / "sandbox.json").read_text())
    for vendor in VENDORS:
        for stream in vendor(example[vendor.name]).streams():
            assert f"`{stream.name}`" in page, stream.name
        for option in vendor.spec()["properties"]:
            assert f"`{option}`" in page or option in ("lookback_days", "base_url"), f"{vendor.name}.{option}"
    for option in connection_specification(VENDORS)["properties"]:
        assert f"`{option}`" in page or option in {vendor.name for vendor in VENDORS}, option


def test_the_table_of_requests_names_every_offered_stream_once() -> None:
    page = (ROOT / "docs" / "unified-usage.md").read_text()
    (table,) = re.findall(r"<!-- requests: begin.*?-->\n(.+?)<!-- requests: end -->", page, re.S)
    example = json.loads((ROOT / "secrets.example" / "sandbox.json").read_text())
    offered = [stream.name for vendor in VENDORS for stream in vendor(example[vendor.name]).streams()]
    assert sorted(re.findall(r"^\| [^|]+ \| `(\w+)` \|(?: \d+ \|){4}$", table, re.M)) == sorted(offered)
