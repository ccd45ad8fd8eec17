"""The journal that keeps an account across restarts."""
