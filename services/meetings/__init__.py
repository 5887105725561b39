"""Meetings of cells and their committees: plans, documents, outcomes, minutes, resolutions."""
