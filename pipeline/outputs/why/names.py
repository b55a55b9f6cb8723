"""Names of the columns that are carried along while a column is followed."""

AMOUNT = "aa_amount"
# Before the name of a column of the upstream table, and of what an amount was computed from.
FROM, WITH = "aa_from_", "aa_with_"
TOTAL, HERE = "aa_total", "aa_here"
KEY, FRAME = "aa_key_", "aa_frame"
# What rows that are added up have: their group, their place in it, and what is added up.
GROUP, PLACE, VALUE = "aa_group_", "aa_place", "aa_value"
