"""The same work on other engines: `python3 run.py bench --peers [names]`. Installed when they run, from lock files."""
