"""Scores and sounds as pictures (SVG): curves, bars, squares of counts, clips over time; plain data in."""
