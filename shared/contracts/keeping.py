"""Files that are made from the code, kept beside it, and compared by the build."""

import argparse
import sys
from collections.abc import Callable, Iterable


def keep(
    arguments: list[str] | None,
    *,
    module: str,
    about: str | None,
    broken: Iterable[str],
    drift: Iterable[str],
    if_broken: str,
    write: Callable[[], object],
) -> int:
    """The command line of such a `module`; its exit status. Nothing is written over what somebody relies on.

    `broken`: what they would not survive, and `if_broken` what to do then. `drift`: how the files differ from the code.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the files differ from the code")
    check = parser.parse_args(arguments).check
    broken = list(broken)
    problems = broken + (list(drift) if check else [])
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    if broken:
        sys.stderr.write(f"{if_broken}\n")
    elif problems:
        sys.stderr.write(f"run python -m {module} and look at the difference\n")
    elif not check:
        write()
    return 1 if problems else 0
