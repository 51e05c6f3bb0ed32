"""What all tests need of the process that runs them."""

import signal

# A shell that starts a job in the background lets it ignore Ctrl-C, and with it whatever the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
