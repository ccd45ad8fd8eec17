"""The Java runtime and the pinned jars that the embedded broker needs."""
