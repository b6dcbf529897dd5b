"""Serve: turn a model's file into an address that answers.

files          what stands in an engine's folder: its specification, its address, why it failed
engine         the process: a llama.cpp server on one GGUF file (`python -m volant.serve.engine FOLDER`)
engine_client  wait until an engine is healthy; ask it what it serves
planner        the memory that serving a GGUF file takes
gguf           write a GGUF file from a checkpoint

Imports nothing here, so that asking for one of them does not load the others.
"""
