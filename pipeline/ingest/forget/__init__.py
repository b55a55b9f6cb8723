"""Forgetting people: under which names they are known, and what becomes of records that hold one of them.

Whatever has landed is passed through the same function as whatever lands later: so nobody comes back.
"""
