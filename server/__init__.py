"""The server: `app.py` and `worker.py` compose what `features.py` lists; `base` is the kernel below them."""
