"""What the model answers: a look at the scratch repository; or a change of it, with a commit.

All counts differ, so that none can stand in for another.
"""

from typing import Any

from tests.clients.model_api import Answer, Tokens

ADA = "ada@example.com"  # whose repository it is, and whom README names
APP = "def greet():\n    return 'hello'\n"
BEFORE, AFTER = "    return 'hello'", "    # politely\n    return 'good day'"
PATCH = """*** Begin Patch
*** Update File: app.py
@@
 def greet():
-    return 'hello'
+    # politely
+    return 'good day'
*** End Patch
"""
SUBJECT = "Greet politely"
# Git tells whole seconds, and the model's answers take none: so that the commit's lies within the session.
COMMIT = f"sleep 1 && git add -A && git commit -m '{SUBJECT}'"

# Four answers, with the kinds of tokens that each API tells apart.
ANTHROPIC = (
    Tokens(120, 45, cache_read=11000, cache_write=5000),
    Tokens(7, 210, cache_read=16000, cache_write=2000),
    Tokens(9, 333, cache_read=18000, cache_write=2500),
    Tokens(11, 61, cache_read=20500, cache_write=640),
)
# Its own agent also asks for caches of an hour, and for searches.
CLAUDE_CODE = (
    ANTHROPIC[0],
    Tokens(7, 210, cache_read=16000, cache_write=2000, cache_write_1h=700),
    Tokens(9, 333, cache_read=18000, cache_write=2500, cache_write_1h=2500, searches=2),
    ANTHROPIC[3],
)
OPENAI = (
    Tokens(4904, 80, cache_read=4096, reasoning=30),
    Tokens(440, 210, cache_read=8960, reasoning=64),
    Tokens(884, 90, cache_read=9216),
    Tokens(10500, 55, reasoning=12),
)
GEMINI = (
    Tokens(4904, 380, cache_read=4096, reasoning=300),
    Tokens(1328, 274, cache_read=8192, reasoning=64, tool_input=120),
    Tokens(10100, 90),
    Tokens(1500, 67, cache_read=9000, reasoning=12),
)

Call = tuple[str, Any]  # a tool, and what it is given
FourTokens = tuple[Tokens, Tokens, Tokens, Tokens]


def look(tokens: FourTokens) -> list[Answer]:
    return [Answer(tokens[0], text="It greets.")]


def change(tokens: FourTokens, read: Call, edit: Call, commit: Call) -> list[Answer]:
    calls = zip(tokens, (read, edit, commit), strict=False)
    called = [Answer(used, tool=tool, given=given) for used, (tool, given) in calls]
    return [*called, Answer(tokens[3], text="Greets politely now.")]
