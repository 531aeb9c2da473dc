"""What CloudWatch measures of a stack, measured of one in MiniStack: a module for each kind."""
