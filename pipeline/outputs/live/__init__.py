"""The pages of the latest build, as a server shows them: dashboard, documentation and report.

* `site`: the pages, made when somebody asks for them, and anew once a build has published.
* `served`: what a page gets that is served: a bar, and a script that waits for the next build.
* `server`: answers browsers, and only those that may ask.

Nothing here writes, and the database is open for moments only: a build beside it waits for no reader.
"""
