"""What a feature promises of its DataFrame, and whether the DataFrame is like that."""

from spark_etl.response.declaration import Response, check_declaration, has_expectations, unique_keys
from spark_etl.response.expectations import check_expectations
from spark_etl.response.schema import check_schema

__all__ = ["Response", "check_declaration", "check_expectations", "check_schema", "has_expectations", "unique_keys"]
