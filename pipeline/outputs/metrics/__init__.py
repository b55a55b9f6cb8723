"""Metrics: every number about agents and what came of them, declared once.

* `declared`: their names, definitions, expressions and dimensions, as plain data.
* `expressions`: what they are made of; a few kinds of sums and counts.
* `question`: what may be asked; everything else is refused with what would do.
* `rows`: the SQL of sums and counts; `grouped`: the same where no group of few people may be shown.
* `month`: the month to date, and its forecast.
* `answer`: ratios of sums, why a value is missing, and what must be known of the numbers.

The dashboard's page computes the same expressions in the browser; a test compares all of them.
"""

from pipeline.outputs.metrics.answer import Answer, query_metric
from pipeline.outputs.metrics.declared import METRICS, Metric

__all__ = ["METRICS", "Answer", "Metric", "query_metric"]
