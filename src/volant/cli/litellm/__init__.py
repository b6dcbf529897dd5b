"""LiteLLM: read its proxy's config.yaml and say the same in a volant.toml. Asks nobody, reaches no network.

reading    the YAML, its includes and credentials; where a value comes from
kinds      providers by their prefix
places     a model of the list as a deployment: addresses, keys, limits
tasks      the names that applications ask for: variants, fallbacks, aliases
rest       the settings of router, library and proxy
writing    the commented file

Every setting is taken over or named with the reason why it is not. No secret is written.
Source: LiteLLM's documentation, "All settings", "Routing", "Fallbacks" (read November 2026). No code of LiteLLM's.
"""
