"""What ruling lines on the pixels decide for certain: the cells of ruled tables and boxes, and blanks to fill in."""
