"""Answers in plain words: one posture, a range of them, or a contrast of two, and the numbers behind each sentence."""
