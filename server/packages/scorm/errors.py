"""Why a whole package is turned away. Anything smaller is a line in the report.

PackageRefused: NoManifest · BadManifest · NotScorm · LaunchMissing · TooMuchText. A bad zip: `server.base.archive`.
"""

from server.base.errors import Invalid


class PackageRefused(Invalid):
    """The file cannot be imported."""

    code = "package.refused"


class NoManifest(PackageRefused):
    """The zip holds no imsmanifest.xml; export it as SCORM 1.2 or SCORM 2004 from the program that made it."""

    code = "package.no_manifest"


class BadManifest(PackageRefused):
    """The imsmanifest.xml cannot be read."""

    code = "package.bad_manifest"


class NotScorm(PackageRefused):
    """The manifest is not one of SCORM 1.2 or SCORM 2004."""

    code = "package.not_scorm"


class LaunchMissing(PackageRefused):
    """Nothing in the package can be opened: the files that its contents name are not in the zip."""

    code = "package.no_launch"


class TooMuchText(PackageRefused):
    """The package's pages, scripts and data are more than a phone can unpack at once."""

    code = "package.too_much_text"
