from django.dispatch import Signal

# Sent inside the transaction with `meeting` and `from_day`, its day before, after its times changed. Who refuses raises a DomainError.
meeting_moved = Signal()

# Sent inside the transaction with `meetings`, whose days have changed since the clocks of their group have.
days_changed = Signal()
