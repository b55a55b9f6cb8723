"""Reference data that people edit: CSV files in `pipeline/seeds`, and in `seeds/` of a project.

A row of the project's own file replaces the packaged row of the same key, or is added to them.
"""

import datetime as dt

from schemas.base import Contract, column, count, money
from schemas.vocabulary import SPEEDS

SNAKE_CASE = "^[a-z0-9_]+$"


class ModelPrices(Contract):
    """One row per model, speed, input tier and period: list prices in USD per million tokens.

    A kind of token without a price of its own costs what input costs.
    """

    model: str = column(description="Model name, as reported without prefixes, or canonical.")
    speed: str = column(isin=SPEEDS, description="Service speed or tier that the price is for.")
    above_input_tokens: int = count(
        description="The price holds for single requests with more input than this; 0 is the base."
    )
    valid_from: dt.date = column(description="First day on which the price holds.")
    valid_to: dt.date = column(nullable=True, description="First day on which it no longer holds.")
    input_usd: float = money(description="Uncached input.")
    output_usd: float = money(nullable=True, description="Output, reasoning included.")
    cache_write_5m_usd: float = money(nullable=True, description="Cache writes that live 5 minutes.")
    cache_write_1h_usd: float = money(nullable=True, description="Cache writes that live an hour.")
    cache_read_usd: float = money(nullable=True, description="Cache reads.")
    price_source: str = column(description="Where the price is from, with its version.")

    class Config:
        unique = ["model", "speed", "above_input_tokens", "valid_from"]


class PriceFactors(Contract):
    """One row per place of inference, beginning of model names and period: what multiplies the list price."""

    inference_geo: str = column(description="Where the request was served, as the agent reports it.")
    model_prefix: str = column(description="How the canonical names of the models begin.")
    valid_from: dt.date = column(description="First day on which it holds.")
    valid_to: dt.date = column(nullable=True, description="First day on which it no longer holds.")
    factor: float = column(gt=0, description="What all token prices are multiplied by.")
    price_source: str = column(description="Where it is from.")

    class Config:
        unique = ["inference_geo", "model_prefix", "valid_from"]


class ToolPrices(Contract):
    """One row per server tool and period: its list price beside the tokens, in USD per thousand calls."""

    tool: str = column(description="The tool, such as web_search.")
    valid_from: dt.date = column(description="First day on which the price holds.")
    valid_to: dt.date = column(nullable=True, description="First day on which it no longer holds.")
    usd_per_1000_calls: float = money(description="Price of a thousand calls.")
    price_source: str = column(description="Where the price is from.")

    class Config:
        unique = ["tool", "valid_from"]


class Agents(Contract):
    """One row per agent that we know by name."""

    agent_type: str = column(str_matches=SNAKE_CASE, description="The agent, in lower snake case.")
    agent_display_name: str = column(description="Its name as its maker writes it.")
    vendor: str = column(description="Its maker.")
    interface_type: str = column(
        isin=["cli", "ide", "cloud", "chat", "other"], description="Where people meet it."
    )

    class Config:
        unique = ["agent_type"]


class AgentAliases(Contract):
    """One row per other name of an agent: service names, event prefixes, spellings."""

    alias: str = column(description="The other name, in lower snake case.")
    agent_type: str = column(str_matches=SNAKE_CASE, description="The agent that is meant.")

    class Config:
        unique = ["alias"]


class Identities(Contract):
    """One row per other name of a developer: an e-mail, a login, an account id."""

    alias: str = column(description="The other name, in lower case.")
    developer_id: str = column(description="The developer that is meant.")
    developer_name: str = column(nullable=True, description="The developer's name, if given.")
    developer_email: str = column(nullable=True, description="The developer's e-mail, if given.")

    class Config:
        unique = ["alias"]


class Budgets(Contract):
    """One row per scope and month: how much may be spent."""

    scope: str = column(description="all, developer:<developer_id> or agent:<agent_type>.")
    month: dt.date = column(description="First day of the month.")
    budget_usd: float = money(description="The month's budget.")

    class Config:
        unique = ["scope", "month"]
