"""The feature config: which classes are nodes, and what is published where."""

from spark_etl.config.document import load_document
from spark_etl.config.model import FeatureConfig, PublishTarget, load_config

__all__ = ["FeatureConfig", "PublishTarget", "load_config", "load_document"]
