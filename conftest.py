"""What all tests need of the process that runs them."""

import signal

from hypothesis import HealthCheck, settings

pytest_plugins = ["aws_requests.plugin", "browser", "promises"]

# A shell that starts a job in the background lets it ignore Ctrl-C, and with it whatever the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says what else the machine does at that moment, and nothing of what is tested.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
