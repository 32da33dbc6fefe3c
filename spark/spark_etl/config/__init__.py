"""The feature config: which classes are nodes, what is published where, and with which Spark settings."""

from spark_etl.config.environment import variables
from spark_etl.config.load import load_config
from spark_etl.config.model import FeatureConfig, PublishTarget, json_schema

__all__ = ["FeatureConfig", "PublishTarget", "json_schema", "load_config", "variables"]
