"""The repository itself: folders that must stay as they are, an index that must resolve, nothing of one machine."""

from __future__ import annotations

import ast
import collections
import re
import subprocess
import sys
import sysconfig
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from o2c.roles import PERMISSIONS

ROOT = Path(__file__).resolve().parents[1]
CODE = ("accounts", "credit", "orders", "invoicing", "disputes", "collections", "o2c")
APPS = re.compile(r"(accounts|admin|audit|credit|imports|invoicing|orders|payments|reports)\.[a-z_]+")


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def python_files() -> list[Path]:
    return [path for folder in CODE for path in sorted((ROOT / folder).rglob("*.py"))]


def locked(name: str) -> set[str]:
    """Distributions of a lock file, as indexes spell them."""
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    found = (re.match(r"([A-Za-z0-9._-]+)==", line) for line in lines)
    return {re.sub(r"[-_.]+", "-", each[1]).lower() for each in found if each}


def imported_at_run_time(tree: ast.Module) -> set[str]:
    """First names of the absolute imports of a module, those for types alone left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = [ast.Pass()]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_what_runs_needs_nothing_that_only_tests_install():
    """The portal is installed without what tests and checks need: an import of theirs stops it at the start."""
    only_tests = locked("test.txt") - locked("run.txt")
    assert "django-stubs-ext" in only_tests
    modules = {
        module
        for module, homes in packages_distributions().items()
        if {re.sub(r"[-_.]+", "-", home).lower() for home in homes} <= only_tests
    }
    wrong = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in python_files()
        if "bench" not in path.parts
        for module in imported_at_run_time(ast.parse(path.read_text(encoding="utf-8"))) & modules
    }
    assert not wrong


def test_collections_is_the_standard_librarys_also_when_started_in_the_repository():
    stdlib = Path(sysconfig.get_paths()["stdlib"])
    assert Path(collections.__file__).is_relative_to(stdlib)
    command = "import collections; print(collections.__file__, collections.namedtuple)"
    shown = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert shown.startswith(str(stdlib))


def test_the_folder_collections_is_no_package():
    assert not (ROOT / "collections" / "__init__.py").exists()
    assert (ROOT / "collections" / "dunning" / "__init__.py").exists()


def rule_index() -> list[tuple[str, str]]:
    """Every ``path.py: name`` in the tables of the README."""
    readme = ROOT / "README.md"
    if not readme.exists():
        return []
    rows = [line for line in readme.read_text("utf-8").splitlines() if line.startswith("|")]
    return [match for row in rows for match in re.findall(r"`([\w/]+\.py): (\w+)`", row)]


def test_the_readme_has_a_rule_index():
    assert len(rule_index()) >= 5


@pytest.mark.parametrize(("path", "name"), rule_index())
def test_each_rule_of_the_index_stands_where_it_says(path, name):
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    defined = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
    }
    for node in tree.body:
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign)
            else []
        )
        defined |= {target.id for target in targets if isinstance(target, ast.Name)}
    assert name in defined


def asked_permissions() -> list[tuple[str, str]]:
    """Every permission code that the code asks for: in ``may(…)``, ``require(…)`` and ``permission=…``."""
    found = []
    for path in python_files():
        if path.name == "roles.py" or "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            values = [k.value for k in node.keywords if k.arg in {"permission", "permission_required"}]
            if name in {"may", "require", "_require"}:
                values += node.args
            found += [
                (str(path.relative_to(ROOT)), value.value)
                for value in values
                if isinstance(value, ast.Constant)
                and isinstance(value.value, str)
                and APPS.fullmatch(value.value)
            ]
    return found


def test_every_permission_asked_for_stands_in_the_table():
    asked = asked_permissions()
    assert len(asked) > 10
    assert [(path, code) for path, code in asked if code not in PERMISSIONS] == []


MACHINE = re.compile(
    r"(?<![\w.>}])/(?:(?:home|root|Users)/\w|work/(?:main|shared)|tmp/(?:dev|plan))|[A-Z]:\\+Users"
)


def test_nothing_names_a_path_of_one_machine():
    named = []
    for path in tracked_files():
        if path == Path(__file__) or path.suffix in {".png", ".woff2", ".ico", ".mo", ".xlsx", ".pdf"}:
            continue
        if not path.is_file():
            continue
        text = path.read_text("utf-8", errors="ignore")
        named += [f"{path.relative_to(ROOT)}: {match[0]}" for match in MACHINE.finditer(text)]
    assert named == []


def test_no_module_is_called_utils():
    assert [str(path.relative_to(ROOT)) for path in python_files() if path.stem in {"utils", "helpers"}] == []


def test_each_decision_has_a_number_of_its_own():
    numbers = [path.name[:4] for path in sorted((ROOT / "docs" / "adr").glob("*.md"))]
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]
