"""The laws hold in the real tree, and each law catches the snippets that break it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests import architecture, architecture_files

ROOT = Path(__file__).resolve().parent.parent
LEFT_BEHIND = {
    ".git",
    ".venv",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
    "__pycache__",
    "build",
    "dist",
}
HEAVY = ("torch", "polars", "scipy", "sklearn", "fastapi", "pandas", "pyarrow")

Tree = Mapping[str, str]
TreeLaw = Callable[[Tree], list[str]]
FileLaw = Callable[[str, str], list[str]]


@pytest.fixture(scope="module")
def tree() -> Tree:
    """All source files: path below src -> text."""
    source = ROOT / "src"
    return {
        path.relative_to(source).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((source / "penchant").rglob("*.py"))
    }


def project_files() -> Iterator[tuple[str, str]]:
    """All text files of the project: path -> text; what tools leave behind does not count."""
    for folder, names, files in os.walk(ROOT):
        names[:] = [name for name in names if name not in LEFT_BEHIND]
        for name in files:
            path = Path(folder, name)
            if path.stat().st_size > 1_000_000:
                continue
            try:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def assert_none(broken: list[str]) -> None:
    """Fails with one line for every broken place."""
    assert not broken, f"{len(broken)} broken places:\n" + "\n".join(broken)


TREE_LAWS = (
    architecture.upward_imports,
    architecture.circles,
    architecture.package_imports,
    architecture.folders_without_init,
    architecture.computed_imports,
)
FILE_LAWS = (
    architecture_files.unsafe_code,
    architecture_files.hidden_randomness,
    architecture_files.loud_output,
    architecture_files.clock_reads,
    architecture_files.undocumented,
    architecture_files.oversized,
    architecture_files.empty_names,
)


@pytest.mark.parametrize("law", TREE_LAWS, ids=lambda law: law.__name__)
def test_the_tree_keeps(law: TreeLaw, tree: Tree) -> None:
    assert_none(law(tree))


@pytest.mark.parametrize("law", FILE_LAWS, ids=lambda law: law.__name__)
def test_every_file_keeps(law: FileLaw, tree: Tree) -> None:
    assert len(tree) > 10, "the source tree was not found"
    assert_none([place for path, text in tree.items() for place in law(path, text)])


def test_the_project_holds_no_machine_path() -> None:
    files = dict(project_files())
    assert "pyproject.toml" in files
    assert_none([place for path, text in files.items() for place in architecture_files.machine_paths(path, text)])


def test_every_test_asserts_something() -> None:
    files = {path: text for path, text in project_files() if path.startswith("tests/") and path.endswith(".py")}
    assert "tests/test_architecture.py" in files
    assert_none([p for path, text in files.items() for p in architecture_files.tests_without_assertion(path, text)])


def test_the_map_names_every_floor() -> None:
    text = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
    assert [floor for floor in architecture.FLOORS if f"`{floor}" not in text] == []


def test_importing_the_package_is_light() -> None:
    code = f"import sys, penchant; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


# --- each law can fail ------------------------------------------------------------------------------------------------

EMPTY = {"penchant/__init__.py": "", "penchant/data/__init__.py": "", "penchant/event.py": "", "penchant/data/a.py": ""}

BAD_TREES: list[tuple[TreeLaw, Tree, str]] = [
    (architecture.upward_imports, {"penchant/data/a.py": "import penchant.models.ease"}, "a.py:1: data imports"),
    (architecture.upward_imports, {"penchant/data/a.py": "from penchant.models import ease"}, "data imports"),
    (architecture.upward_imports, {"penchant/data/a.py": "from ..models.ease import Ease"}, "data imports"),
    (architecture.upward_imports, {"penchant/event.py": "def f():\n    import penchant.data.a"}, "event.py:2: ground"),
    (
        architecture.upward_imports,
        {"penchant/event.py": "if TYPE_CHECKING:\n    from penchant.data.a import A"},
        "event.py:2: ground imports penchant.data.a",
    ),
    (architecture.upward_imports, {"penchant/event.py": "import_module('penchant.cli.app')"}, "ground imports"),
    (architecture.upward_imports, {"penchant/stuff.py": ""}, "stands on no floor"),
    (architecture.upward_imports, {"penchant/cellar/a.py": ""}, "stands on no floor"),
    (
        architecture.circles,
        {"penchant/data/a.py": "import penchant.data.b", "penchant/data/b.py": "def f():\n from .a import x"},
        "circle: ",
    ),
    (architecture.circles, {"penchant/data/a.py": "from penchant.data.a import x"}, "imports itself"),
    (architecture.package_imports, {"penchant/data/a.py": "import penchant"}, "a.py:1: penchant"),
    (architecture.package_imports, {"penchant/data/a.py": "from penchant import Query"}, "a.py:1: Query"),
    (architecture.package_imports, {"penchant/data/a.py": "from .. import Query"}, "a.py:1: Query"),
    (
        architecture.package_imports,
        {
            "penchant/data/__init__.py": "from penchant.data.a import A",
            "penchant/cli/a.py": "from penchant.data import A",
        },
        "cli/a.py:1: A",
    ),
    (architecture.folders_without_init, {"penchant/models/ease.py": ""}, "penchant/models: has no"),
    (architecture.computed_imports, {"penchant/data/a.py": "import_module(name)"}, "a.py:1: imports"),
    (architecture.computed_imports, {"penchant/data/a.py": "__import__('a' + b)"}, "a.py:1: imports"),
]

BAD_FILES: list[tuple[FileLaw, str]] = [
    (architecture_files.unsafe_code, "import pickle"),
    (architecture_files.unsafe_code, "def f():\n    from joblib import load"),
    (architecture_files.unsafe_code, "import dill as d"),
    (architecture_files.unsafe_code, "import_module('marshal')"),
    (architecture_files.unsafe_code, "torch.load(path)"),
    (architecture_files.unsafe_code, "from torch import load"),
    (architecture_files.unsafe_code, "eval('1')"),
    (architecture_files.unsafe_code, "exec(text)"),
    (architecture_files.unsafe_code, "np.load(path, allow_pickle=True)"),
    (architecture_files.unsafe_code, "np.load(path, allow_pickle=flag)"),
    (architecture_files.unsafe_code, "pd.read_pickle(path)"),
    (architecture_files.hidden_randomness, "np.random.shuffle(x)"),
    (architecture_files.hidden_randomness, "draw = numpy.random.rand"),
    (architecture_files.hidden_randomness, "np.random.default_rng(1)"),
    (architecture_files.hidden_randomness, "from numpy.random import default_rng"),
    (architecture_files.hidden_randomness, "from numpy import random"),
    (architecture_files.hidden_randomness, "import random"),
    (architecture_files.hidden_randomness, "from random import choice"),
    (architecture_files.loud_output, "print(1)"),
    (architecture_files.loud_output, "sys.stderr.write('a')"),
    (architecture_files.loud_output, "sys.stdout.write('a')"),
    (architecture_files.clock_reads, "time.time()"),
    (architecture_files.clock_reads, "def f(clock=time.time): ..."),
    (architecture_files.clock_reads, "from time import time_ns"),
    (architecture_files.clock_reads, "datetime.now()"),
    (architecture_files.clock_reads, "datetime.datetime.utcnow()"),
    (architecture_files.clock_reads, "date.today()"),
    (architecture_files.clock_reads, "np.datetime64('now')"),
    (architecture_files.undocumented, "x = 1"),
    (architecture_files.undocumented, "'''Doc.'''\ndef f() -> int: ..."),
    (architecture_files.undocumented, "'''Doc.'''\nclass A: ..."),
    (architecture_files.undocumented, "'''Doc.'''\nclass A:\n  '''Doc.'''\n  def f(self) -> int: ..."),
    (architecture_files.undocumented, "'''Doc.'''\ndef f(x) -> int:\n  '''Doc.'''"),
    (architecture_files.undocumented, "'''Doc.'''\ndef f(*x, **y) -> int:\n  '''Doc.'''"),
    (architecture_files.undocumented, "'''Doc.'''\ndef f(x: int):\n  '''Doc.'''"),
    (architecture_files.undocumented, "'''Doc.'''\nclass A:\n  '''Doc.'''\n  def __init__(self, x) -> None: ..."),
    (architecture_files.oversized, "x = 1\n" * 301),
    (architecture_files.oversized, "def f():\n" + "    x = 1\n" * 60),
    (architecture_files.tests_without_assertion, "def test_a():\n    f()"),
    (architecture_files.tests_without_assertion, "class TestA:\n    def test_a(self): f()"),
    (architecture_files.machine_paths, "see " + "/".join(["", "home", "ada", "notes"])),
    (architecture_files.machine_paths, "'" + "/".join(["", "tmp", "x"]) + "'"),
    (architecture_files.machine_paths, "https://" + "py" + "pi.org/simple"),
]

GOOD_FILES: list[tuple[FileLaw, str, str]] = [
    (architecture_files.unsafe_code, "penchant/data/a.py", "net.eval()\nnp.load(path, allow_pickle=False)"),
    (architecture_files.hidden_randomness, "penchant/rng.py", "np.random.default_rng(1)"),
    (architecture_files.hidden_randomness, "penchant/data/a.py", "def f(rng: np.random.Generator): rng.random()"),
    (architecture_files.hidden_randomness, "penchant/data/a.py", "from numpy.random import Generator"),
    (architecture_files.loud_output, "penchant/cli/a.py", "print(1)"),
    (architecture_files.loud_output, "penchant/evaluate/worker.py", "sys.stdout.write(line)"),
    (architecture_files.clock_reads, "penchant/cli/a.py", "time.time()"),
    (architecture_files.clock_reads, "penchant/clock.py", "time.time()"),
    (architecture_files.clock_reads, "penchant/data/a.py", "time.perf_counter(); datetime.fromtimestamp(at, zone)"),
    (architecture_files.undocumented, "penchant/data/a.py", "'''Doc.'''\ndef _f(x): ...\nclass _A: ..."),
    (architecture_files.oversized, "penchant/data/a.py", "def f():\n" + "    x = 1\n" * 59),
    (architecture_files.empty_names, "penchant/data/commonness.py", ""),
    (
        architecture_files.machine_paths,
        "README.md",
        "mood at home/" + "work/gym, ../shared/data, a/" + "tmp/b, ~/" + "work/x",
    ),
    (architecture_files.tests_without_assertion, "tests/test_a.py", "def test_a():\n    with raises(E):\n        f()"),
    (architecture_files.tests_without_assertion, "tests/test_a.py", "def test_a():\n    check_model(make)"),
]


@pytest.mark.parametrize(("law", "files", "sentence"), BAD_TREES)
def test_a_tree_law_catches(law: TreeLaw, files: Tree, sentence: str) -> None:
    found = law({**EMPTY, **files})
    assert len(found) == 1
    assert sentence in found[0]


@pytest.mark.parametrize("law", TREE_LAWS, ids=lambda law: law.__name__)
def test_a_tree_law_accepts_what_is_right(law: TreeLaw) -> None:
    files = {
        "penchant/__init__.py": "from penchant.event import Event\nimport_module(name)",
        "penchant/data/__init__.py": "KNOWN = 1",
        "penchant/data/a.py": "from penchant import event\nfrom penchant.data import KNOWN, b\nimport numpy",
        "penchant/data/b.py": "from penchant.event import Event\nimport_module('json')",
    }
    assert law({**EMPTY, **files}) == []


@pytest.mark.parametrize(("law", "text"), BAD_FILES)
def test_a_file_law_catches(law: FileLaw, text: str) -> None:
    assert law("penchant/data/a.py", text) != []


@pytest.mark.parametrize("path", ["penchant/utils.py", "penchant/data/file_helpers.py", "penchant/common/a.py"])
def test_a_name_that_says_nothing_is_caught(path: str) -> None:
    assert architecture_files.empty_names(path) != []


@pytest.mark.parametrize(("law", "path", "text"), GOOD_FILES)
def test_a_file_law_accepts_what_is_right(law: FileLaw, path: str, text: str) -> None:
    assert law(path, text) == []
