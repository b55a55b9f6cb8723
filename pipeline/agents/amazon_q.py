"""Amazon Q Developer, of Amazon."""

from pipeline.agents.conventions import NOREPLY
from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "amazon_q",
    "Amazon Q Developer",
    "Amazon",
    "cli",
    aliases=("amazon_q_developer", "q_developer"),
    marks=Marks(emails=(f"208079219+amazon-q-developer[bot]@{NOREPLY}",), rank=11),
    evidence=(Evidence("commits", "chaoss/ai-detection-action, utils.go", "2026-11"),),
)
