"""The control API under `/_emulator`: ledger, requests, faults, clock, webhooks."""
