"""Files of this machine and objects of a store, brought from one to the other: whole or not at all."""

from spark_etl.transfer.destination import Destination, destination
from spark_etl.transfer.download import Download, plan_download
from spark_etl.transfer.head import HEAD_ROWS, Head, head
from spark_etl.transfer.listing import Found, Listing, find, list_folder
from spark_etl.transfer.local_files import LocalFile, LocalFiles, local_files
from spark_etl.transfer.upload import OnBytes, Upload, plan_upload, put_files

__all__ = [
    "HEAD_ROWS",
    "Destination",
    "Download",
    "Found",
    "Head",
    "Listing",
    "LocalFile",
    "LocalFiles",
    "OnBytes",
    "Upload",
    "destination",
    "find",
    "head",
    "list_folder",
    "local_files",
    "plan_download",
    "plan_upload",
    "put_files",
]
