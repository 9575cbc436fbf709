"""What doctests share: the package is there as a whole before pytest imports its modules one by one, so that none exists twice."""

import costmodel  # noqa: F401
