"""Columns of files and their types, as Spark names them, found without Spark."""
