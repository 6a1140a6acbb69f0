"""Maps as pictures, painted by Mapnik in processes of their own.

Mapnik sets environment variables for PROJ and GDAL when it is imported, cannot be interrupted, and a fault in it ends
the process: none of this may happen to the server. A painter is asked through a pipe and may be killed at any time.
"""

from geoportal.painting.pool import AskerGone, PaintersBusy, PaintersFailed, PaintersPool, Painting, RasterUnderlay

__all__ = ["AskerGone", "PaintersBusy", "PaintersFailed", "PaintersPool", "Painting", "RasterUnderlay"]
