"""Long runs that look for what the tests do not see."""
