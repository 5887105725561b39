"""Files of a membership system: read, compared with what is known, shown as a preview, then applied."""
