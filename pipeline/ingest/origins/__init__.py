"""Where raw records came from: the file and line that they are found in again.

A record's identity is made of its content, so nothing need be kept: what was ingested is read once more.
"""
