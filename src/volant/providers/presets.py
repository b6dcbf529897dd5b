"""Presets: companies and engines that copy OpenAI's API, as data. One entry each; nothing of theirs is code.

What stands here is what their documentation says an API takes (read November 2026); what a *model* can do is not known
here, and a deployment says it in its options.
"""

from __future__ import annotations

from volant.providers.openai import CHAT, COMPLETIONS, EMBEDDINGS, RESPONSES
from volant.providers.registry import Capabilities, Provider, Wire, provider

MESSAGES = Wire(operation="chat", dialect="anthropic", path="/messages")
COUNT_TOKENS = Wire(operation="count_tokens", dialect="anthropic", path="/messages/count_tokens")
_MODEL = "What the model itself can do (images, tools, thinking) is not known here: say in `options` what it cannot."
_LOCAL = (
    f"The address is the one it listens on by default; give the deployment its own `base_url`. {_MODEL} It fetches no "
    "URL that a caller names, which would lead into your network: Volant does, where it may "
    "([security](../security.md#urls-that-callers-give))."
)

PRESETS: dict[str, Provider] = {
    # ------------------------------------------------------------ engines
    "vllm": Provider(
        title="vLLM",
        wires=(CHAT, RESPONSES, COMPLETIONS, EMBEDDINGS, MESSAGES, COUNT_TOKENS),
        base_url="http://127.0.0.1:8000/v1",
        key_env="VLLM_API_KEY",
        key_optional=True,
        capabilities=Capabilities(image_urls=False),
        docs=f"{_LOCAL}\n\nA key is needed only where the server was started with `--api-key`.",
    ),
    "sglang": Provider(
        title="SGLang",
        wires=(CHAT, COMPLETIONS, EMBEDDINGS),
        base_url="http://127.0.0.1:30000/v1",
        capabilities=Capabilities(image_urls=False),
        docs=_LOCAL,
    ),
    "llamacpp": Provider(
        title="llama.cpp",
        wires=(CHAT, COMPLETIONS, EMBEDDINGS, MESSAGES, COUNT_TOKENS),
        base_url="http://127.0.0.1:8080/v1",
        capabilities=Capabilities(choices=False, image_urls=False),
        docs=f"{_LOCAL} Tools need `--jinja`. Volant's own engines are the provider [local](local.md).",
    ),
    "ollama": Provider(
        title="Ollama",
        wires=(CHAT, RESPONSES, COMPLETIONS, EMBEDDINGS, MESSAGES),
        base_url="http://127.0.0.1:11434/v1",
        key_env="OLLAMA_API_KEY",
        key_optional=True,
        capabilities=Capabilities(choices=False, image_urls=False, top_k=False, parallel_tools=False),
        docs=(
            f"{_LOCAL} It wants no key on your machine; Ollama's cloud (`https://ollama.com/v1`) does.\n\n"
            "Its context window is set by Ollama (`OLLAMA_CONTEXT_LENGTH`), and longer prompts are cut in silence: set "
            "the deployment's `context_tokens` to it."
        ),
    ),
    "lmstudio": Provider(
        title="LM Studio",
        wires=(CHAT, RESPONSES, COMPLETIONS, EMBEDDINGS, MESSAGES),
        base_url="http://127.0.0.1:1234/v1",
        capabilities=Capabilities(choices=False, image_urls=False, logprobs=False, parallel_tools=False),
        docs=_LOCAL,
    ),
    # ------------------------------------------------------------ companies
    "mistral": Provider(
        title="Mistral",
        wires=(CHAT, EMBEDDINGS),
        base_url="https://api.mistral.ai/v1",
        key_env="MISTRAL_API_KEY",
        price_provider="mistral",
        capabilities=Capabilities(stream_usage=False, seed=False, logprobs=False, top_k=False, reasoning_content=False),
        docs=(
            "Keys are made at console.mistral.ai. Streams carry their usage without being asked. Its seed is called "
            "`random_seed`: the common one is left out with a warning."
        ),
    ),
    "groq": Provider(
        title="Groq",
        wires=(CHAT, RESPONSES),
        base_url="https://api.groq.com/openai/v1",
        key_env="GROQ_API_KEY",
        price_provider="groq",
        capabilities=Capabilities(
            logprobs=False,
            choices=False,
            penalties=False,
            top_k=False,
            limit_field="max_completion_tokens",
            reasoning_content=False,
        ),
        docs="Keys are made at console.groq.com.",
    ),
    "deepseek": Provider(
        title="DeepSeek",
        wires=(
            CHAT,
            Wire(operation="chat", dialect="openai_completions", path="/beta/completions"),
            Wire(operation="chat", dialect="anthropic", path="/anthropic/v1/messages"),
        ),
        base_url="https://api.deepseek.com",
        key_env="DEEPSEEK_API_KEY",
        price_provider="deepseek",
        capabilities=Capabilities(
            images=False, json_schema=False, choices=False, seed=False, top_k=False, parallel_tools=False
        ),
        docs=(
            "Keys are made at platform.deepseek.com. It shows its thinking as `reasoning_content`, and wants it back "
            "within a turn of tool calls."
        ),
    ),
    "openrouter": Provider(
        title="OpenRouter",
        wires=(CHAT, RESPONSES, COMPLETIONS, EMBEDDINGS, MESSAGES),
        base_url="https://openrouter.ai/api/v1",
        key_env="OPENROUTER_API_KEY",
        price_provider="openrouter",
        capabilities=Capabilities(files=True, audio=True),
        docs=(
            "Keys are made at openrouter.ai. `model` is its name there: `anthropic/claude-…`. What a model cannot "
            "take, OpenRouter may leave out in silence: only Volant's own losses are in the warning header."
        ),
    ),
    "together": Provider(
        title="Together AI",
        wires=(CHAT, COMPLETIONS, EMBEDDINGS),
        base_url="https://api.together.xyz/v1",
        key_env="TOGETHER_API_KEY",
        price_provider="together",
        capabilities=Capabilities(logprobs=False),
        docs="Keys are made at api.together.ai. Its log-probabilities have a shape of their own and are not asked for.",
    ),
    "fireworks": Provider(
        title="Fireworks AI",
        wires=(CHAT, RESPONSES, COMPLETIONS, EMBEDDINGS),
        base_url="https://api.fireworks.ai/inference/v1",
        key_env="FIREWORKS_API_KEY",
        price_provider="fireworks",
        docs="Keys are made at app.fireworks.ai. `model` is the long name: `accounts/fireworks/models/…`.",
    ),
    "xai": Provider(
        title="xAI",
        wires=(CHAT, RESPONSES),
        base_url="https://api.x.ai/v1",
        key_env="XAI_API_KEY",
        price_provider="x-ai",
        capabilities=Capabilities(
            top_k=False, penalties=False, stop=False, limit_field="max_completion_tokens", reasoning_content=False
        ),
        docs=(
            "Keys are made at console.x.ai. Its reasoning models refuse penalties and stop sequences; for another "
            'one: `options = { penalties = "true", stop = "true" }`.'
        ),
    ),
    "perplexity": Provider(
        title="Perplexity",
        base_url="https://api.perplexity.ai",
        key_env="PERPLEXITY_API_KEY",
        price_provider="perplexity",
        capabilities=Capabilities(
            tools=False,
            parallel_tools=False,
            json_object=False,
            logprobs=False,
            seed=False,
            choices=False,
            stop=False,
            reasoning_content=False,
        ),
        docs="Keys are made at perplexity.ai, under API. Every answer searches the web, which costs beside the tokens.",
    ),
    "cerebras": Provider(
        title="Cerebras",
        wires=(CHAT, COMPLETIONS),
        base_url="https://api.cerebras.ai/v1",
        key_env="CEREBRAS_API_KEY",
        price_provider="cerebras",
        capabilities=Capabilities(
            images=False, choices=False, penalties=False, top_k=False, limit_field="max_completion_tokens"
        ),
        docs="Keys are made at cloud.cerebras.ai.",
    ),
    "moonshot": Provider(
        title="Moonshot AI",
        base_url="https://api.moonshot.ai/v1",
        key_env="MOONSHOT_API_KEY",
        price_provider="moonshotai",
        capabilities=Capabilities(logprobs=False, seed=False, top_k=False, parallel_tools=False, image_urls=False),
        docs="Keys are made at platform.moonshot.ai.",
    ),
    "zai": Provider(
        title="Z.ai",
        base_url="https://api.z.ai/api/paas/v4",
        key_env="ZAI_API_KEY",
        price_provider="zai",
        capabilities=Capabilities(
            json_schema=False,
            logprobs=False,
            seed=False,
            choices=False,
            penalties=False,
            top_k=False,
            parallel_tools=False,
            reasoning=False,
        ),
        docs="Keys are made at z.ai, under API keys.",
    ),
    "cohere": Provider(
        title="Cohere",
        wires=(CHAT, EMBEDDINGS),
        base_url="https://api.cohere.ai/compatibility/v1",
        key_env="CO_API_KEY",
        price_provider="cohere",
        capabilities=Capabilities(
            images=False, logprobs=False, choices=False, top_k=False, parallel_tools=False, reasoning_content=False
        ),
        docs="Keys are made at dashboard.cohere.com. This is its compatibility API; its own API is not spoken.",
    ),
}

for _name, _sheet in PRESETS.items():
    provider(_name)(lambda sheet=_sheet: sheet)  # type: ignore[misc]  # bound now, not when called
