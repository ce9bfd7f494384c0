"""A school's class list made into people and memberships: `reading` parses, `planning` decides row by row, `applying` stores."""
