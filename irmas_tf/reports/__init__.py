"""What people read of it: page, charts, tables, and the files beside them."""
