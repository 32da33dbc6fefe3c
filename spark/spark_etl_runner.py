"""What spark-submit is given; see `spark_etl_runner.py --help`."""

import sys

from spark_etl.runner.cli import main

if __name__ == "__main__":
    sys.exit(main())
