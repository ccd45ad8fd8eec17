"""The HTTP API for customers: place, list and show orders; capture, cancel and refund them."""
