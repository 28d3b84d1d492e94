"""Facets: questions asked of every conversation, with typed answers.

definitions   which questions a team asks, from its TOML file
measured      what code can tell without asking anybody: counts, costs, times, feedback
answers       one answer as a value, and as a row of facet_log
"""
