"""What a training begins with: weights of another run, a published head, a second corpus; and who saw which songs."""
