"""A person's imports go: the names of files, and what was said of them. What they made is the catalogue's."""

from sync.erasing import Forget

erasures = (Forget("imports_imports", "owner_id"),)
