"""Files from the web: continued where they stopped, verified, whole or absent; calls that end in time."""
