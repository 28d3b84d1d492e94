"""The commands by group, as `momus -h` lists them: `run.py`, `look.py`, `dig.py`.

A command declares its options, opens what it needs, calls one function, and hands what came back to a page. All else is
imported in its body: clustering and the database's driver take seconds to load, and `momus -h` needs neither.
"""
