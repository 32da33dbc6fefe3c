"""The runner beside plain PySpark and its peers: the same shop, computed, kept, resumed and looked at in each way."""
