"""Sample pipelines: each folder is a project of its own, run by its feature_config.yaml."""
