"""Who calls: tokens, OpenID Connect, and the sources that may be spoken for."""
