"""Every order in which deliveries of a few updates can meet, and every way in which they can fail.

A world is a set of deliveries. A schedule is an order of all their requests to AWS, with an ending
for each. The handler is the real one with the real boto3; the account is a small one in memory.
"""
