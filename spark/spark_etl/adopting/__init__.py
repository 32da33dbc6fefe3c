"""Adopting: a run is made of plain Parquet that other programs have written; nothing is written beside it."""

from spark_etl.adopting.adopt import adopt
from spark_etl.adopting.files import OnProgress
from spark_etl.adopting.request import AdoptRequest

__all__ = ["AdoptRequest", "OnProgress", "adopt"]
