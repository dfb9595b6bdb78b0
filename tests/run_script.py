"""The script ``run`` as a module: it has no suffix, so an import statement does not find it."""

from __future__ import annotations

from functools import lru_cache
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

RUN = Path(__file__).resolve().parent.parent / "run"


@lru_cache(maxsize=1)
def load_run_script() -> ModuleType:
    """Loads the script; it runs no command when it is imported."""
    loader = SourceFileLoader("run_script_under_test", str(RUN))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module
