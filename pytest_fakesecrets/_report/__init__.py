"""Reports for people: the timeline and the HTML page."""
