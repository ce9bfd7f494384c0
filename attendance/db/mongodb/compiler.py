"""Where Django looks for the compilers."""

from attendance.db.mongodb.reading import SQLAggregateCompiler, SQLCompiler
from attendance.db.mongodb.writing import SQLDeleteCompiler, SQLInsertCompiler, SQLUpdateCompiler

__all__ = ["SQLAggregateCompiler", "SQLCompiler", "SQLDeleteCompiler", "SQLInsertCompiler", "SQLUpdateCompiler"]
