"""Models, in the words of clouds."""

import pytest

from pipeline.ingest.billing.models import model_in


@pytest.mark.parametrize(
    ("said", "model"),
    [
        ("Claude 3 Haiku (Amazon Bedrock Edition)", "claude-3-haiku"),
        ("Claude 3.5 Sonnet (Amazon Bedrock Edition)", "claude-3-5-sonnet"),
        ("Claude Sonnet 4.5 (Amazon Bedrock Edition)", "claude-sonnet-4-5"),
        ("USE1-ClaudeOpus4-input-tokens", "claude-opus-4"),
        ("Gemini 2.5 Pro Text Input - Predictions", "gemini-2.5-pro"),
        ("Gemini 2.5 Flash Lite Text Output - Predictions", "gemini-2.5-flash-lite"),
        ("Generate content input token count Gemini 3.1 Pro Preview", "gemini-3.1-pro-preview"),
        ("gpt 4.1 mini Inp glbl Tokens", "gpt-4.1-mini"),
        ("gpt-4o-0806-Outp-glbl Tokens", "gpt-4o"),
        ("gpt-5 Codex Inp", "gpt-5-codex"),
        ("USE1-NovaLite-input-tokens", None),
        ("", None),
        (None, None),
    ],
)
def test_a_model_is_called_as_usage_calls_it(said, model):
    assert model_in(said) == model


def test_the_first_text_that_names_one_counts():
    assert model_in(None, "Vertex AI", "Claude Opus 4.1", "Gemini 2.5 Pro") == "claude-opus-4-1"
