"""Pieces of the soak (bench/soak.py).

speech   requests of each dialect, and what their answers say
client   connections that send them and judge what comes back
stack    a real `volant up` before failing stand-ins, and what its books say afterwards
"""
