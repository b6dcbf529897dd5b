"""Helpers of bench/gateway.py: the load client and the processes under test."""
