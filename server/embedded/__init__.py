"""The servers that a machine of its own needs, run from wheels as children of one supervisor.

Standard library and psycopg only: nothing here imports the product, so it can start while the product cannot.
"""
