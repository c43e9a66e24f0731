"""What a program owes its machine: atomic files, locks, exit codes, versions, ordered threads."""
