"""The layers that tables stand in: the one place that names them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        name: of the layer, and of its folder of models.
        schema: of the database, where its tables live.
        title: how people read it.
        description: what its tables hold.
        prefixes: what its tables' names begin with, by convention.
    """

    name: str
    schema: str
    title: str
    description: str
    prefixes: tuple[str, ...] = ()


RAW = Layer("raw", "raw", "Sources", "What collectors wrote, as it arrived.", ("raw_",))
SEEDS = Layer("seeds", "staging", "Seeds", "Lists that people edit, loaded from CSV.")
STAGING = Layer("staging", "staging", "Staging", "Each agent's words turned into the pipeline's.", ("stg_",))
INTERMEDIATE = Layer(
    "intermediate",
    "intermediate",
    "Intermediate",
    "Facts joined and added up on their way to the marts.",
    ("int_",),
)
MARTS = Layer("marts", "mart", "Marts", "What people and BI tools query.", ("fct_", "dim_"))
META = Layer("meta", "meta", "Meta", "What the pipeline says about itself.")

# Along the way of the data.
LAYERS = {layer.name: layer for layer in (RAW, SEEDS, STAGING, INTERMEDIATE, MARTS, META)}
ORDER = tuple(LAYERS)

# In the order in which people look for tables: what they query first.
AS_LOOKED_FOR = (MARTS, INTERMEDIATE, STAGING, SEEDS, RAW, META)

# Layers whose tables models make.
OF_MODELS = {layer.name: layer for layer in (STAGING, INTERMEDIATE, MARTS, META)}
