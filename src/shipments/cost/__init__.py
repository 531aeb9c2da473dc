"""What a stack costs in a month and which quota binds first: a model of data and pure functions."""
