"""Imports: cartridges become courses, GIFT files become question banks; one report for both.

A coordinator above catalog and assessments, which never import one another.
"""

from server.base.feature import Feature

feature = Feature(name="imports")
