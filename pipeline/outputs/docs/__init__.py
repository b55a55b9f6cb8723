"""The documentation site: static pages made from a plan and from what `meta` says of the last runs.

* `state`: what a database says of its tables: rows, last build, results, newest raw row.
* `site`: every page and data file of the site, as text.
* `folder`: writing them into a folder that is empty or was written by us.
* `server`: showing a written folder to browsers of this machine.

The pages need no server and load nothing from anywhere; `static/` holds their style sheet and scripts.
"""
