"""Decoders of hostile bytes, as functions from a stream to files and plain values. They know nothing of the product.

Run by `decode.py` in a confined child, where this package stands alone: it imports libraries and itself only.
"""
