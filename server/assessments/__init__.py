"""Tests and exams: banks of items, keys apart, attempts, marks."""
