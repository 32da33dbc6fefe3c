"""What spark-submit is given; see `spark_etl_runner.py --help`."""

import sys

from spark_etl.cli import run_main
from spark_etl.user_code import keep_exit_code

if __name__ == "__main__":
    code = run_main()
    keep_exit_code(code)
    sys.exit(code)
