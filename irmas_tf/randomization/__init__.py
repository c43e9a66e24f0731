"""What happens to a composed song between the desk and the listener, drawn per song: a corpus harder than reality."""
