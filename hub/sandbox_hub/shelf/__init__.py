"""The team's shelf: notebooks with their evidence, run again before they are stamped.

store      what lies on the shelf, and its versions
rerun      a notebook in a fresh server of nobody's
data       whether what a notebook read is still there, and still the same
jobs       one publication after another, and how far each is
service    pages for people, and the API that servers and the command use
"""
