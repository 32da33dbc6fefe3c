"""Where a text file does not fit its reader: looked up on the driver, without Spark, when Spark has only said that it
fails, and as far as it is cheap before Spark starts.
"""

from spark_etl.sources.faults.checks import ContentCheck
from spark_etl.sources.faults.csv_file import find_csv_fault, find_silent_csv_faults
from spark_etl.sources.faults.fault import Fault
from spark_etl.sources.faults.json_file import find_json_changes, find_json_fault, find_silent_json_faults
from spark_etl.sources.faults.json_names import find_other_spelling, names_in

__all__ = [
    "ContentCheck",
    "Fault",
    "find_csv_fault",
    "find_json_changes",
    "find_json_fault",
    "find_other_spelling",
    "find_silent_csv_faults",
    "find_silent_json_faults",
    "names_in",
]
