"""aa-pipeline: what coding agents cost, who uses them and what comes of it."""
