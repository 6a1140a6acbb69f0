"""Plans written down again, in the formats that others read."""
