"""Where the composer's notes get their sound: SoundFonts, patches, recorded notes, models, amplifiers."""
