"""A small service to test saga_messaging with, and helpers of its tests."""
