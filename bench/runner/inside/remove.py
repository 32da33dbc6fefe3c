"""Deletes what lies below paths of the store: `remove.py s3a://bucket/prefix …`."""

import sys

from spark_etl.storage import storage_for

for folder in sys.argv[1:]:
    store = storage_for(folder)
    store.delete([item.path for item in store.walk(folder)])
