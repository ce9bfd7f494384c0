from django.dispatch import Signal

# Sent inside the transaction with `group`, after its time zone changed: the days of its meetings change with it.
group_timezone_changed = Signal()
