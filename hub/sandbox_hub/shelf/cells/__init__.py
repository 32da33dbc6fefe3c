"""The cells of a shared notebook as a page: anybody may have written them, so nothing of them runs.

safe_html  markdown and HTML without what could run, load or cover anything
page       a notebook as a page
process    the page made in a process of its own, which may take little memory and time

The page is shown in a frame, by a policy that runs and loads nothing: each half would do without the other.
"""
