"""Kill processes at random moments and check that no page is lost."""
