"""Catalogues on many machines, with Apache Beam."""
