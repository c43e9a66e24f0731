"""The page that names instruments in a browser: its files, putting them together with a model, serving and checking."""
