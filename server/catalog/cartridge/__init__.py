"""IMS Common Cartridge 1.1–1.3: a hostile zip on one side, a plan of a course on the other.

    file ──archive──► entries ──manifest──► outline ──page──► blocks ──plan──► Plan (sections, lessons, images, report)

Everything here is pure and touches no database: reading the same file twice gives the same plan.
Source: IMS Common Cartridge Profile 1.3, https://www.imsglobal.org/cc/index.html
"""

from server.base.archive import Archive, open_archive
from server.catalog.cartridge.plan import Plan, PlannedLesson, PlannedQuiz, PlannedSection, read_cartridge

__all__ = ["Archive", "Plan", "PlannedLesson", "PlannedQuiz", "PlannedSection", "open_archive", "read_cartridge"]
