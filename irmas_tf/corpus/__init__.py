"""The composer and renderer: an optional wing that nothing imports but its command and the demo."""
