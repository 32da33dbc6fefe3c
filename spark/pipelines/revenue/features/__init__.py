"""The features of the revenue pipeline, a file per subject."""
