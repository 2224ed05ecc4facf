"""Whether a server and a client keep the sync protocol: docs/reference/sync-protocol.md, tried from outside.

`server_checks` speaks to a server by hand; `client_checks` drives a client through a link that cuts, loses and repeats.
Nothing here imports the engine: what it shares with the server would be wrong in both.
"""
