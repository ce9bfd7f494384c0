"""Fills an empty migrated database for the live tests: `python -m tests.live.cast`. Prints who and what as JSON."""

from __future__ import annotations

import json
import sys


def main() -> None:
    import django

    django.setup()

    from conftest import add_students, make_meeting, make_user
    from groups import services as groups

    make_user("Rimma", "admin")
    alla = make_user("Alla", "teacher")
    olga = make_user("Olga", "teacher", language="ru")
    boris = make_user("Boris", "teacher")
    group = groups.create_group(acting_user=None, name="7A", teachers=[alla, olga])
    other = groups.create_group(acting_user=None, name="8B", teachers=[boris])
    students = add_students(group, 30)
    meetings = [make_meeting(group, title=f"Algebra {i}", teacher=alla) for i in range(30)]
    json.dump(
        {
            "group": str(group.pk),
            "teacher": str(alla.pk),
            "students": [str(user.pk) for user in students],
            "foreign_meeting": str(make_meeting(other).pk),
            "meetings": [str(meeting.pk) for meeting in meetings],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
