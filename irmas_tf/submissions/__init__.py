"""scores of clips in the form that an evaluation campaign or another program asks for."""
