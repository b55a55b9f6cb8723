"""The notice that `build --notify` posts: a JSON document on a failure, a broken budget or warnings.

Its JSON Schema is `notice.schema.json` beside this file.
"""

from pipeline.outputs.notice.document import SCHEMA, document
from pipeline.outputs.notice.posting import check_address, post, shown_address

__all__ = ["SCHEMA", "check_address", "document", "post", "shown_address"]
