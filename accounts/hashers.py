from django.contrib.auth import hashers


class Argon2PasswordHasher(hashers.Argon2PasswordHasher):
    """19 MiB, two passes, one lane: OWASP's recommendation, at a tenth of the CPU time of Django's default."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
