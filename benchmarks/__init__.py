"""Side by side with peers, as ratios in one run: `make bench`. Absolute times differ from machine to machine."""
