"""`python -m spark_etl`."""

import sys

from spark_etl.cli import main

sys.exit(main())
