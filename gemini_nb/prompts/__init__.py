"""From one prompt with fields to many requests: what fills it, and where each picture is saved.

template    {{fields}} of a prompt and their values
tables      the lists and tables that fill it
file_names  the names that are filled likewise
plan        template × rows × models × takes → requests, labels, paths
saving      pictures, saved where the plan says
"""
