"""House rules that no linter has. `python -m tools.tidy` prints what breaks one, and what to do about it.

A rule is a function from a file's path and text to findings, so its test is a sample that fails and one that passes
(tests/project/test_tidy.py). Rules about SQL are in `sql_files.py`, about Python in `python_files.py`, about the pages
in docs/ in `pages.py`, about any text at all in `words.py`.
"""
