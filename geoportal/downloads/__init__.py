"""Files to download, made after each change and served as they are: they need no database to be read.

Made by `geoportal.downloads.building`, which is no part of this face: it brings GDAL and pandas along, which a serving
process never needs.
"""

from geoportal.downloads.data_set import DataSet
from geoportal.downloads.folder import FORMATS, Download, DownloadFolder, downloads_in

__all__ = ["FORMATS", "DataSet", "Download", "DownloadFolder", "downloads_in"]
