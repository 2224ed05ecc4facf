"""A course's own file, `spark-course/1`: everything that it shows, and its tests, in one zip; out and in again.

rows ──gathering──► Gathered ──writing──► zip ──reading──► Portable ──bringing──► rows

`docs/reference/course-file.md` is its description. Export, import, export again: the same bytes.
"""
