"""Where the composer's notes get their sound: SoundFonts, patches, models of instruments and voices, amplifiers."""
