"""Writes sample plans, outlines and schools of our own making. An independent author: imports nothing of the portal."""
