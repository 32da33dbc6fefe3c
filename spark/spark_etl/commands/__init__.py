"""The commands behind `spark_etl.cli`: a file each."""
