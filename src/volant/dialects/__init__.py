"""Dialects: pure translation between a wire format and `core.chat`, both ways. No I/O, no provider, no price.

sse            event streams, cut at arbitrary bytes
openai_chat    OpenAI chat completions: request, answer, stream
openai_errors  the error body that OpenAI clients understand
"""
