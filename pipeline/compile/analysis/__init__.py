"""What expressions tell, before any query.

* `properties`: what is known of columns and relations, by the rules of `values`, `relations` and `joins`.
* `column_lineage`: what each column comes from.
* `partitions`, with `column_origins`: which columns partition a model.
* `grouped`: whether a model has a row for every group of rows that counts.
* `time_drift`: whether time alone changes a model's rows.
"""
