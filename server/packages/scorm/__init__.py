"""SCORM 1.2 and 2004: a zip with a manifest, read with care and packed anew for phones."""
