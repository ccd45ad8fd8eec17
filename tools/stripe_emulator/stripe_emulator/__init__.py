"""Stripe test mode on loopback: an emulator for development and tests."""
