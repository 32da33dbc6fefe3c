"""What spark-submit is given; see `spark_etl_runner.py --help`."""

import sys

from spark_etl.cli import run_main

if __name__ == "__main__":
    sys.exit(run_main())
