"""What goes wrong with servers as child processes."""


class ServerFailed(RuntimeError):
    """The server ended, or did not answer in time; the message has the end of its log."""


class JdkMissing(ServerFailed):
    """There is no JDK on this machine that Elasticsearch could run on."""
