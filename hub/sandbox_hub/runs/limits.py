"""How much of what others wrote a page takes: the hub's memory does not grow with it."""

MB = 1024**2
# run.json of 1,000 features has 1 MB.
LARGEST_DOCUMENT = 4 * MB
LARGEST_INPUTS = 4 * MB
LARGEST_MANIFEST = 2 * MB
LARGEST_CODE = 16 * MB
LARGEST_REPORT = 2 * MB
MOST_GRAPH = 300  # features in a drawing on the run's page; more are a page of their own
MOST_EDGES = 5_000  # between them; more are not drawn
MOST_SOURCES = 200
MOST_OBJECTS = 20  # of a source
LOG_LINES = 200
LONGEST_TEXT = 20_000
MOST_LATER_RUNS = 300
MOST_TO_COMPARE = 20
