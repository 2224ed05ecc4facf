"""Uploads: a file on its way in, part by part, over links that are cut.

session (phone's id) ─► parts ─► pieces, objects under temp/ ─► complete ─► check ─► media.files
                          └ what came of a part that was cut is kept, and the next request goes on there

policy      who may send what, how large, how much a day      pure
token       what opens the path of one session
sessions    rows: made, answered, ended, noted
parts       one part coming in: pieces, flushing, hashes
assembling  parts → one file on disk, and its hash
sweeping    what is left of sessions that have ended
"""
