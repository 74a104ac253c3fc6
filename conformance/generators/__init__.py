"""What make_cases.py makes, one module per group of suites."""
