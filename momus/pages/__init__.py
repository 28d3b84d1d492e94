"""What commands show, a file a page: `momus issues` is `issues.py`, `momus doctor` is `health.py`.

Each prints one value that a command was given, on `momus.screen.console`; none opens, asks or computes anything. What the
value is, the module that made it says (`momus/look.py`, `momus/doctor.py`, ...).
"""
