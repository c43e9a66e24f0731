"""What a program owes its machine: atomic files, locks, checksums, caches, ordered threads, exit codes, versions."""
