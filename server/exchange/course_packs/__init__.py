"""Packs as files: a course's rows and media in one signed zip, for a card, a laptop in a school, another phone.

gathering   what is in one: base files of the course's sets (cut when there are none), files by quality
manifest    the list of it, signed
writing     the zip, kept on disk while somebody may ask for the rest of it
routes      GET …/pack/file and …/pack/manifest
"""
