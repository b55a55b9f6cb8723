"""The models: what the tables are, as plain functions of the tables that they read.

* `staging`, `intermediate`, `marts`, `meta`: the layers; every file in one is a model, and its function's
  docstring begins with the grain.
* The modules beside them hold what models are made of: `expressions` and `operations` for all of them, the
  others one topic each.
"""
