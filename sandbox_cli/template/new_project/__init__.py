"""The pipeline new_project: which customer has paid how much."""
