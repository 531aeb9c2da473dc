"""Draws a CloudWatch dashboard to a PNG, from its body and the data of its metrics and log."""

import os
import tempfile

# matplotlib keeps a font list in the home folder, which may be read-only. Give it a folder that
# exists only while it looks for fonts: here, once, before any module of the package imports it.
_before = os.environ.get("MPLCONFIGDIR")
with tempfile.TemporaryDirectory(prefix="tapstack-", ignore_cleanup_errors=True) as _folder:
    os.environ["MPLCONFIGDIR"] = _folder
    try:
        import matplotlib.font_manager

        # Each creates its folder when it is first called, and remembers it.
        matplotlib.get_cachedir()
        matplotlib.get_configdir()
    finally:
        del os.environ["MPLCONFIGDIR"]
        if _before is not None:
            os.environ["MPLCONFIGDIR"] = _before
