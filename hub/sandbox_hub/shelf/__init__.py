"""The team's shelf: shared notebooks with their records. Each is run again first, and so gets its verdict.

store        what lies on the shelf, and its versions
share_queue  one notebook after another on its way to the shelf, and how far each is
rerun        a notebook in a fresh, isolated server
validation   checks on what authors and re-runs send
checkpoints  whether what a notebook read is still there, and still the same; pins
quota        how much of the disk an author may hold
handlers     pages for people
api          what servers and the command call
service      the addresses, and the process that serves them
"""
