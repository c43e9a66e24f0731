"""What a file is, by its first bytes and by its name: sound, video, and what is mistaken for them."""
