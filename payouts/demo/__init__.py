"""The demonstration: one month from pictures to contributors paid, on the same services that the real one uses."""
