"""What a run is asked: settings, sections, branches, labels, flags, flagfiles and the registries of names."""
