"""Opens a kept frame in a fresh process, as the first cell of a notebook: `look.py ours|spark|pyarrow`."""

import os
import sys


def main(way: str) -> None:
    """Shows the first rows, and then says so."""
    print(WAYS[way]())
    print("READY", flush=True)


def ours() -> object:
    """The reading API: the checkpoint of a run."""
    from spark_etl import runs  # noqa: PLC0415 - a part of what is measured

    return runs[os.environ["BENCH_RUN"]]["orders_ranked"].head()


def spark() -> str:
    """A classic session, and its own table."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - a part of what is measured

    SparkSession.builder.getOrCreate().read.parquet(os.environ["BENCH_RANKED"]).show(10)
    return ""


def pyarrow() -> object:
    """The least that a Python process can do: one file, by hand, its first rows and no pandas."""
    from pyarrow import fs, parquet  # noqa: PLC0415 - a part of what is measured

    store = fs.S3FileSystem(
        access_key=os.environ["AWS_ACCESS_KEY_ID"],
        secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        endpoint_override=os.environ["AWS_ENDPOINT_URL_S3"],
        region="us-east-1",
    )
    folder = os.environ["BENCH_RANKED"].split("://")[1]
    files = store.get_file_info(fs.FileSelector(folder))
    path = next(file.path for file in files if file.path.endswith(".parquet"))
    file = parquet.ParquetFile(path, filesystem=store, pre_buffer=False, buffer_size=1 << 20)
    return next(file.iter_batches(10)).to_pylist()


WAYS = {"ours": ours, "spark": spark, "pyarrow": pyarrow}

if __name__ == "__main__":
    main(sys.argv[1])
