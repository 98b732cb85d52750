"""What chooses the next action of every episode: one file per servo."""
