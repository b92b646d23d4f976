"""Every kind of difference between two schemas, made by hand: for the tests of drift, and to count what tools see."""
