"""A synthetic province: real communes of Hà Tĩnh after 1 July 2025, invented organisations and persons.

`python -m samples.province --out DIR --seed 7 --scale default` writes the files that an office would send.
"""

from samples.province.make import make_province
from samples.province.model import Province
from samples.province.scale import SCALES, Scale

__all__ = ["SCALES", "Province", "Scale", "make_province"]
