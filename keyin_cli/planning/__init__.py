"""Planning with keyframes as subgoals (Table 2): proposals, servos, episodes, scores. For the pushing world."""
