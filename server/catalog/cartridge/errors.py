"""Why a whole cartridge is turned away. Anything smaller is a line in the report.

CartridgeRefused
  NotAZip · NotACartridge · WrongVersion · BadManifest · NothingInside
  TooManyEntries · TooLargeUnpacked · CompressionBomb · OddCompression
  UnsafeName · DuplicateName · LinkInside · Encrypted
"""

from server.base.errors import Invalid


class CartridgeRefused(Invalid):
    """The file cannot be imported."""

    code = "cartridge.refused"


class NotAZip(CartridgeRefused):
    """The file is not a zip file, or it is cut off; export it again and send the whole file."""

    code = "cartridge.not_a_zip"


class NotACartridge(CartridgeRefused):
    """The zip file holds no imsmanifest.xml at its top; export it as IMS Common Cartridge."""

    code = "cartridge.no_manifest"


class WrongVersion(CartridgeRefused):
    """The file is not an IMS Common Cartridge of version 1.1, 1.2 or 1.3."""

    code = "cartridge.version"


class BadManifest(CartridgeRefused):
    """The imsmanifest.xml cannot be read."""

    code = "cartridge.bad_manifest"


class NothingInside(CartridgeRefused):
    """The cartridge holds no page that we can show; see which kinds we take in the guide to importing."""

    code = "cartridge.nothing_inside"


class TooManyEntries(CartridgeRefused):
    """The zip file holds more files than we take."""

    code = "cartridge.too_many_entries"


class TooLargeUnpacked(CartridgeRefused):
    """The zip file is larger unpacked than we take."""

    code = "cartridge.too_large"


class CompressionBomb(CartridgeRefused):
    """A file in the zip grows too much when unpacked; that is how an attack looks."""

    code = "cartridge.bomb"


class UnsafeName(CartridgeRefused):
    """A file in the zip has a name that leads out of it."""

    code = "cartridge.unsafe_name"


class DuplicateName(CartridgeRefused):
    """Two files in the zip have the same name."""

    code = "cartridge.duplicate_name"


class LinkInside(CartridgeRefused):
    """The zip holds a link or a device instead of a file."""

    code = "cartridge.link"


class Encrypted(CartridgeRefused):
    """The zip is locked with a password; export it without one."""

    code = "cartridge.encrypted"


class OddCompression(CartridgeRefused):
    """The zip uses a compression other than deflate; pack it again as an ordinary zip."""

    code = "cartridge.compression"


class EntryBroken(Exception):
    """One file of the zip cannot be read; the rest can. `code` and the message go into the report."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)
