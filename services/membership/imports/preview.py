"""A file is sent: compared, and kept with its preview until somebody applies it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.membership import queries
from services.membership.imports.compare import compare, read_file
from services.membership.imports.mapping import Mapping
from services.membership.imports.plan import Outcome, Plan
from services.membership.imports.registry import Registry
from services.membership.imports.shrinking import Loss, shrinking
from services.membership.imports.unit_plan import FileDay
from services.membership.queries import ImportFile

# Names lie in a file that nobody applies for so long only.
KEPT = timedelta(days=7)
# A preview lists so many changed and ended rows; new ones are only counted.
LISTED = 500


async def preview(
    content: bytes,
    mapping: Mapping,
    as_of: date,
    registry: Registry,
    *,
    import_id: UUID | None = None,
    body_hash: bytes | None = None,
) -> ImportFile:
    """Compares and keeps the file; nothing is recorded in the log. Raises `UnreadableFile`.

    `import_id` and `body_hash`: of a request that may be repeated. A preview of it that was kept before is replaced.
    """
    rows = await read_file(content, mapping)
    plan = await compare(rows, mapping, FileDay(mapping.system, as_of), registry)
    file = ImportFile(
        import_id=import_id or uuid4(),
        kind=mapping.kind,
        mapping=mapping.model_dump_json(),
        as_of=as_of,
        content=content,
        state="previewed",
        preview=json.dumps(summary(plan, await shrinking(plan, mapping.kind, registry)), ensure_ascii=False),
        digest=digest(plan),
        body_hash=body_hash,
    )
    now = registry.runtime.clock()
    await queries.forget_old_contents(registry.runtime.pool, now - KEPT)
    await queries.keep_import(registry.runtime.pool, file, now)
    return file


def summary(plan: Plan[Any], shrinking: Sequence[Loss]) -> dict[str, Any]:
    """What a preview shows: counts, rows that would change or end what is known, what shrinks, and every problem."""
    listed = [change for change in plan.changes if change.outcome is not Outcome.NEW][:LISTED]
    return {
        "new": plan.count(Outcome.NEW),
        "changed": plan.count(Outcome.CHANGED),
        "ended": plan.count(Outcome.ENDED),
        "unchanged": plan.unchanged,
        "changes": [{"row": change.row, "outcome": change.outcome, "fields": list(change.fields)} for change in listed],
        "shrinking": [asdict(loss) | {"unit_id": str(loss.unit_id)} for loss in shrinking],
        "unknown_parents": [asdict(missing) for missing in plan.unknown_parents],
        "problems": [asdict(problem) for problem in plan.problems],
    }


def digest(plan: Plan[Any]) -> str:
    """Equal for two plans that change the same rows in the same way, whatever random ids they hold."""
    rows = [(change.row, change.outcome, change.fields) for change in plan.changes]
    wrong = [(problem.row, problem.field) for problem in plan.problems]
    return hashlib.sha256(json.dumps([rows, wrong]).encode()).hexdigest()
