"""Technical errors, grouped as Sentry groups exceptions: which failures are the same failure.

a failure as it was sent ─unwrap▶ type, message, status, stack ─stacktrace, parameterise▶ what repeats
    ─failure_classes▶ a class and a title ─fingerprint▶ one key for all of its kind
"""
