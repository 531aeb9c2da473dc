"""What a change is tried against: faults, hostile events, a fuzzer, a soak, mutants, Pythons."""
