"""The version of Docker's API that the tests use."""

# Named because a client that negotiates it leaves a socket open where no engine answers.
API_VERSION = "1.41"
