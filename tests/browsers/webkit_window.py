"""A window of WebKitGTK that keeps its data in a folder, started by the driver: `webkit_window.py FOLDER WIDTH HEIGHT`.

Without a folder the window is private.

WebKitGTK's own small browser forgets everything when it is driven from outside; phones do not. Run by the system's
Python, which has WebKit's bindings.
"""

import sys
from typing import Any

import gi  # type: ignore[import-not-found]  # of the system, not of our packages

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # type: ignore[import-not-found] # noqa: E402 - the versions come first


def main(folder: str, width: int, height: int) -> None:
    kept = (
        WebKit2.WebsiteDataManager(base_data_directory=f"{folder}/data", base_cache_directory=f"{folder}/cache")
        if folder
        else WebKit2.WebsiteDataManager.new_ephemeral()
    )
    context = WebKit2.WebContext.new_with_website_data_manager(kept)
    context.set_preferred_languages(["en-GB"])
    if folder:
        cookies = context.get_cookie_manager()
        cookies.set_persistent_storage(f"{folder}/cookies", WebKit2.CookiePersistentStorage.SQLITE)
    context.set_automation_allowed(True)
    settings = WebKit2.Settings(
        enable_write_console_messages_to_stdout=True,
        media_playback_requires_user_gesture=False,
        hardware_acceleration_policy=WebKit2.HardwareAccelerationPolicy.NEVER,
    )
    window = Gtk.Window(default_width=width, default_height=height)

    def make(_session: Any, *_: Any) -> Any:  # WebKit's own types, which nobody declares
        view = WebKit2.WebView(web_context=context, settings=settings, is_controlled_by_automation=True)
        view.connect("close", lambda _: Gtk.main_quit())
        if child := window.get_child():
            window.remove(child)
        window.add(view)
        window.show_all()
        return view

    context.connect("automation-started", lambda _, session: session.connect("create-web-view", make))
    Gtk.main()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
