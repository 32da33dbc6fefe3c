"""How a comparison is shown: text for a terminal, HTML for a notebook, one HTML file for a ticket.

It knows the types of a comparison by name only. They show themselves with it, so nothing here imports them.
"""

from spark_etl.compare.show.commands import Commands
from spark_etl.compare.show.feature_text import feature_text
from spark_etl.compare.show.html import feature_html, run_html
from spark_etl.compare.show.page import run_page
from spark_etl.compare.show.row_html import row_html, schema_html
from spark_etl.compare.show.target import check_target, write_page
from spark_etl.compare.show.text import run_text

__all__ = [
    "Commands",
    "check_target",
    "feature_html",
    "feature_text",
    "row_html",
    "run_html",
    "run_page",
    "run_text",
    "schema_html",
    "write_page",
]
