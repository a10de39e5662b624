"""Airbyte's rules for a connector's files, as far as they can be checked without a network."""

import ast
import hashlib
import json
import re
import subprocess
import sys
from collections import defaultdict
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from airbyte_cdk.test.standard_tests._spec_lint import find_secret_marking_errors

from scripts.constraints import PYTHONS
from source_unified_usage import __version__
from source_unified_usage.core.spec import DOCUMENTATION_URL, connection_specification
from source_unified_usage.vendors import VENDORS

ROOT = Path(__file__).parent.parent
METADATA: dict[str, Any] = yaml.safe_load((ROOT / "metadata.yaml").read_text())
DATA: dict[str, Any] = METADATA["data"]
PYPROJECT = (ROOT / "pyproject.toml").read_text()
# itself, and a dependency of the CDK's serialiser that startup.py does without when it is not there
UNDECLARED = {"source_unified_usage", "sandbox", "lake", "demo", "attributes_doc"}


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
    assert DATA["license"] == of_project("license") == "MIT"
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    package = of_project("name")
    assert DATA["remoteRegistries"]["pypi"] == {"enabled": True, "packageName": package}
    # PyAirbyte asks for the package of this name, and runs the command, when it gets only the connector's name
    name = package.removeprefix("airbyte-")
    assert (DATA["dockerRepository"], package) == (f"airbyte/{name}", f"airbyte-{name}")
    assert f'{name} = "source_unified_usage.run:run"' in PYPROJECT
    assert DATA["documentationUrl"] == DOCUMENTATION_URL
    assert (ROOT / "docs" / DOCUMENTATION_URL.rsplit("/", 1)[1]).is_file()


def test_one_release_date() -> None:
    version = re.escape(DATA["dockerImageTag"])
    changelog, page = ((ROOT / name).read_text() for name in ("CHANGELOG.md", "docs/unified-usage.md"))
    assert re.findall(rf"^## \[{version}\] - (\S+)$", changelog, re.M) == [DATA["releaseDate"]]
    assert re.findall(rf"^\| {version} \| (\S+) \|", page, re.M) == [DATA["releaseDate"]]


def test_the_base_image_is_pinned() -> None:
    image = DATA["connectorBuildOptions"]["baseImage"]
    assert re.fullmatch(r"docker\.io/airbyte/python-connector-base:\d+\.\d+\.\d+@sha256:[0-9a-f]{64}", image)


def test_the_documentation_page_follows_airbytes_template() -> None:
    """As its QA checks read a page: what the web alone shows, numbered steps, fixed words, folded tables."""
    name = DATA["name"]
    page = (ROOT / "docs" / "unified-usage.md").read_text()
    hidden = re.findall(r"^<HideInUI>\n(.+?)^</HideInUI>$", page, re.M | re.S)
    assert [f"[{name}]({of_project('repository')})" in hidden[0], "## Changelog" in hidden[-1]] == [True, True]
    headings = re.findall(r"^(#+ .+)$", page, re.M)
    required = [
        f"# {name}",
        "## Prerequisites",
        "## Setup guide",
        f"### Set up {name}",
        "#### For Airbyte Cloud:",
        "#### For Airbyte Open Source:",
        "## Supported sync modes",
        "## Supported Streams",
        "## Performance considerations",
        "## Data type map",
        "## Limitations & Troubleshooting",
        "## Changelog",
    ]
    assert [heading for heading in headings if heading in required] == required
    for place in ("Cloud", "Open Source"):
        steps = section(page, f"#### For Airbyte {place}:")
        numbers = re.findall(r"^(\d+)\. ", steps, re.M)
        assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
        assert len(numbers) > 4
        assert f"select {name} from the Source type dropdown." in steps
    modes = " ".join(section(page, "## Supported sync modes").split())
    link = "[sync modes](https://docs.airbyte.com/cloud/core-concepts/#connection-sync-modes)"
    assert modes.startswith(f"The {name} source connector supports the following {link}:")
    assert re.search(
        r"<details>\n\s*<summary>Expand to review</summary>\n\n\| Version .+\n\n</details>", hidden[-1], re.S
    )


def test_the_prerequisites_name_every_field_that_is_needed() -> None:
    prerequisites = section((ROOT / "docs" / "unified-usage.md").read_text(), "## Prerequisites")
    spec = connection_specification(VENDORS)
    assert [name for name in spec["required"] if f"**{spec['properties'][name]['title']}**" not in prerequisites] == []
    for vendor in VENDORS:
        for key in vendor.keys:
            option: Any = vendor.spec()
            for part in key.option.split("."):
                option = option["properties"][part]
            assert f"**{option['title']}**" in prerequisites, f"{vendor.name}.{key.option}"


def section(page: str, heading: str) -> str:
    """The text under a heading, up to the next one."""
    return page.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0].strip()


def test_the_memory_of_a_sync_is_stated() -> None:
    (job,) = DATA["resourceRequirements"]["jobSpecific"]
    assert job["jobType"] == "sync"
    assert job["resourceRequirements"].keys() == {"memory_request", "memory_limit"}


def test_every_import_is_declared() -> None:
    """What the package imports comes from its own dependencies, never only from those of the CDK."""
    dependencies = PYPROJECT.split("[tool.poetry.dependencies]")[1].split("\n\n")[0]
    declared = {line.split(" = ")[0].lower() for line in dependencies.splitlines()}
    assert undeclared("source_unified_usage", declared) == []
    # and what is beside the package, from the groups
    groups = PYPROJECT.split("[dependency-groups]")[1].split("\n\n")[0]
    declared |= {name.lower() for name in re.findall(r'"([\w-]+)[^"]*"', groups)}
    assert [found for room in ("sandbox", "lake", "demo") for found in undeclared(room, declared)] == []


def undeclared(room: str, declared: set[str]) -> list[str]:
    """The imports in a folder that no declared package is the source of."""
    made_by = distributions_by_import()
    found = []
    for path in sorted((ROOT / room).rglob("*.py")):
        for name in imports(path) - sys.stdlib_module_names - UNDECLARED:
            needed = {distribution.lower().replace("_", "-") for distribution in made_by.get(name, [name])}
            if not needed & declared:
                found.append(f"{path}: {name} comes from {needed}, which pyproject.toml does not name")
    return found


@cache
def distributions_by_import() -> dict[str, set[str]]:
    """importlib.metadata's packages_distributions passes over wheels without top_level.txt in Python 3.10."""
    found: dict[str, set[str]] = defaultdict(set)
    for distribution in distributions():
        stated = (distribution.read_text("top_level.txt") or "").split()
        for name in stated or {file.parts[0].removesuffix(".py") for file in distribution.files or ()}:
            found[name].add(distribution.metadata["Name"])
    return found


def imports(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {name.split(".")[0] for name in names}


def test_the_supported_pythons_are_the_same_everywhere() -> None:
    assert 'python = ">=3.10,<3.15"' in PYPROJECT
    assert PYTHONS == ("3.10", "3.11", "3.12", "3.13", "3.14")
    for name in ("README.md", "Makefile"):
        assert "3.10 to 3.14" in (ROOT / name).read_text(), name
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == [*PYTHONS]


def test_the_readme_reads_anywhere() -> None:
    """It is the package's page too, where a relative link leads nowhere."""
    targets = re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert [target for target in targets if not target.startswith(("https://", "#"))] == []
    base = f"{of_project('repository')}/blob/main/"
    files = [target.removeprefix(base) for target in targets if target.startswith(base)]
    assert files and [name for name in files if not (ROOT / name.split("#")[0]).is_file()] == []


def test_no_user_is_offered_our_tools() -> None:
    assert "extras" not in PYPROJECT
    assert "optional" not in PYPROJECT
    assert "[extras]" not in (ROOT / "poetry.lock").read_text()


def test_type_checkers_see_the_types() -> None:
    assert (ROOT / "source_unified_usage" / "py.typed").is_file()


def test_tags() -> None:
    assert all(re.fullmatch(r"[a-z]+:[a-z-]+", tag) for tag in DATA["tags"])
    assert [tag for tag in DATA["tags"] if tag.startswith("language:")] == ["language:python"]


def test_the_icon_is_square() -> None:
    icon = ElementTree.parse(ROOT / DATA["icon"]).getroot()
    assert icon.get("width") == icon.get("height")
    assert icon.get("viewBox") == f"0 0 {icon.get('width')} {icon.get('height')}"


def test_what_must_and_must_not_be_there() -> None:
    names = {str(path.relative_to(ROOT)) for path in files()}
    assert {"poetry.lock", "constraints.txt", "README.md", "acceptance-test-config.yml", ".ci/run"} <= names
    assert {"CONTRIBUTING.md", "AGENTS.md", "SECURITY.md", ".editorconfig", ".pre-commit-config.yaml"} <= names
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
    project = tomllib.loads(PYPROJECT)
    poetry = project["tool"]["poetry"]
    # what Poetry itself hashes where there are groups and no [project] table (poetry/packages/locker.py)
    hashed = {key: poetry[key] for key in ("dependencies", "source", "group") if key in poetry}
    relevant = {"dependency-groups": project["dependency-groups"], "tool": {"poetry": hashed}}
    digest = hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()
    assert f'content-hash = "{digest}"' in (ROOT / "poetry.lock").read_text()


def test_the_spec_marks_its_secrets() -> None:
    assert find_secret_marking_errors(connection_specification(VENDORS)) == []


def test_the_examples_fit_the_spec() -> None:
    from jsonschema import Draft7Validator

    validator = Draft7Validator(connection_specification(VENDORS))
    for name in ("config", "sandbox"):
        example = json.loads((ROOT / "secrets.example" / f"{name}.json").read_text())
        assert not list(validator.iter_errors(example))


def test_every_common_option_is_documented() -> None:
    page = (ROOT / "docs" / "unified-usage.md").read_text()
    for option in connection_specification(VENDORS)["properties"]:
        assert f"`{option}`" in page or option in {vendor.name for vendor in VENDORS}, option


def test_the_table_of_requests_names_every_offered_stream_once() -> None:
    page = (ROOT / "docs" / "unified-usage.md").read_text()
    (table,) = re.findall(r"<!-- requests: begin.*?-->\n(.+?)<!-- requests: end -->", page, re.S)
    example = json.loads((ROOT / "secrets.example" / "sandbox.json").read_text())
    offered = [stream.name for vendor in VENDORS for stream in vendor(example[vendor.name]).streams()]
    assert sorted(re.findall(r"^\| [^|]+ \| `(\w+)` \|(?: \d+ \|){4}$", table, re.M)) == sorted(offered)
