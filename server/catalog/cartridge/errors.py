"""Why a whole cartridge is turned away. Anything smaller is a line in the report.

CartridgeRefused: NotACartridge · WrongVersion · BadManifest · NothingInside. A bad zip: `server.base.archive`.
"""

from server.base.errors import Invalid


class CartridgeRefused(Invalid):
    """The file cannot be imported."""

    code = "cartridge.refused"


class NotACartridge(CartridgeRefused):
    """The zip file holds no imsmanifest.xml at its top; export it as IMS Common Cartridge."""

    code = "cartridge.no_manifest"


class WrongVersion(CartridgeRefused):
    """The file is not an IMS Common Cartridge of version 1.0, 1.1, 1.2 or 1.3."""

    code = "cartridge.version"


class BadManifest(CartridgeRefused):
    """The imsmanifest.xml cannot be read."""

    code = "cartridge.bad_manifest"


class NothingInside(CartridgeRefused):
    """The cartridge holds no page that we can show; see which kinds we take in the guide to importing."""

    code = "cartridge.nothing_inside"
