"""The article: its situations, its claims as hypotheses, the findings, and the model beside measurements on people."""
