"""The sync engine: pure (standard library and msgspec); it knows nothing of learning.

Start at README.md, then SPEC.md; `collection.py` is what a feature writes.
"""
