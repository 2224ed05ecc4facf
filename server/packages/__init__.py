"""Packages: web content from elsewhere (SCORM), shown in a frame that can reach nothing of ours."""

from server.base.feature import Feature

feature = Feature(name="packages")
