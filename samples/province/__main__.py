"""Writes the files of a sample province: `python -m samples.province --out DIR [--seed 7] [--scale default]`."""

from pathlib import Path
from typing import Annotated

import typer

from samples.province.files import write_files
from samples.province.make import make_province
from samples.province.scale import SCALES


def main(
    out: Annotated[Path, typer.Option(help="Folder for units.xlsx, members.csv and offices.xlsx.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 7,
    scale: Annotated[str, typer.Option(help=f"One of: {', '.join(SCALES)}.")] = "default",
) -> None:
    """Real communes of Hà Tĩnh after 1 July 2025; organisations below them and all persons are invented."""
    if scale not in SCALES:
        raise typer.BadParameter(f"{scale!r} is none of {', '.join(SCALES)}", param_hint="--scale")
    province = make_province(seed, scale)
    write_files(province, out)
    cells = sum(1 for _ in province.cells())
    typer.echo(
        f"{out}: {len(province.units)} units, {cells} cells, {len(province.members)} members, "
        f"{len(province.offices)} offices, {len(province.assignments)} assignments"
    )


typer.run(main)
