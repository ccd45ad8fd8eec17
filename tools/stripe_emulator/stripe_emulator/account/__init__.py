"""The state of one test account: its objects, clock, ids, events and outbox."""
