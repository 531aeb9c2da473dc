"""Draws a CloudWatch dashboard to a PNG, from its body and the data that its service has.

matplotlib is imported here, before any module of the package, so that it finds a folder of its
own for what it wants to keep: none in the home folder, which may be read-only, and none after.
"""

import os
import tempfile

__all__ = ["FigureCanvasAgg"]

_NAMES = ("MPLCONFIGDIR", "MPLBACKEND")
_before = {name: os.environ.pop(name) for name in _NAMES if name in os.environ}
with tempfile.TemporaryDirectory(prefix="tapstack-", ignore_cleanup_errors=True) as _folder:
    os.environ["MPLCONFIGDIR"] = _folder
    try:
        import matplotlib.font_manager  # noqa: F401 - it looks for fonts once, here
        from matplotlib import get_cachedir, get_configdir
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        # Each makes the folder when it is asked for the first time.
        get_cachedir()
        get_configdir()
    finally:
        del os.environ["MPLCONFIGDIR"]
        os.environ.update(_before)
