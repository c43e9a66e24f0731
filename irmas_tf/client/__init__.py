"""Asking a server, over REST or gRPC."""
