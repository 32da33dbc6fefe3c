"""The features of the lesson."""
