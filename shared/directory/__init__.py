"""The local projection of units, tree, offices, assignments and members' cells that every service keeps."""

from pathlib import Path

DIRECTORY_MIGRATIONS = Path(__file__).parent / "sql" / "migrations"
