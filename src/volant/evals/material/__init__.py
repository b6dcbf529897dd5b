"""Material: what the probes put around a question, as data: names of people and attacks. Written for this project."""
