"""A made-up school to look at. `names` and `calendar` invent, `people`, `enrolment`, `meetings` and `marks` make rows of it,
`seeding` puts a school together and stores it, in bulk."""
