"""The APIs of models on 127.0.0.1, which answer what is scripted and remember what they served."""

from tests.clients.model_api.answers import Answer, Served, Tokens
from tests.clients.model_api.server import ModelApi

__all__ = ["Answer", "ModelApi", "Served", "Tokens"]
