"""The vendors' Python SDKs as drivers: each turns an `Ask` into its own calls, and its answer into a `Told`."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import anthropic
import httpx2
import openai
from google import genai
from google.genai import errors as genai_errors
from google.genai import types
from tests.clients.asks import PERSON, RESULTS, TOOLS, Ask, Told

MAX_TOKENS = 2000  # Anthropic's requests need one; thinking needs 1,024 less
THINKING_BUDGET = 1024


class CannotAsk(Exception):
    """The SDK has no word for it."""


class Driver:
    """An SDK with its address and key. `ask` never raises for what a server says: that is told."""

    failures: tuple[type[Exception], ...] = ()

    def __init__(self, base_url: str, key: str) -> None:
        self.headers: dict[str, str] = {}
        self.http = httpx2.Client(event_hooks={"response": [self._heard]}, timeout=30)
        self.open(base_url, key)

    def open(self, base_url: str, key: str) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.http.close()

    def _heard(self, response: httpx2.Response) -> None:
        self.headers = {name.lower(): value for name, value in response.headers.items()}

    def ask(self, model: str, ask: Ask) -> Told:
        """Raises CannotAsk."""
        self.headers = {}
        try:
            got = self.talk(model, ask)
        except self.failures as error:
            got = Told(error=type(error).__name__, status=self.status_of(error), message=str(error))
        if ask.schema and got.text and not got.error:
            got.parsed = json.loads(got.text)
        got.warning = self.headers.get("x-volant-warning", "")
        got.headers = {name: value for name, value in self.headers.items() if name.startswith("x-")}
        return got

    def status_of(self, error: Exception) -> int:
        return int(getattr(error, "status_code", 0) or 0)

    def talk(self, model: str, ask: Ask) -> Told:
        raise NotImplementedError


def cannot(ask: Ask, *names: str) -> None:
    for name in names:
        if getattr(ask, name) not in ((None,) if name == "parallel" else (None, "", 0, False, [])):
            raise CannotAsk(name)


def given(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is not said."""
    return {name: value for name, value in values.items() if value not in (None, "", 0, [])}


# ---------------------------------------------------------------- OpenAI chat
class OpenAIChat(Driver):
    """`client.chat.completions`."""

    failures = (openai.OpenAIError,)

    def open(self, base_url: str, key: str) -> None:
        self.client = openai.OpenAI(base_url=base_url, api_key=key, http_client=self.http, max_retries=0)

    def talk(self, model: str, ask: Ask) -> Told:
        cannot(ask, "top_k", "failed")
        messages: list[Any] = [{"role": "system", "content": ask.system}] if ask.system else []
        messages += [{"role": role, "content": words} for role, words in ask.history]
        messages.append({"role": "user", "content": self.content(ask)})
        got, message = self.once(model, messages, ask)
        if ask.results and got.calls and not got.error:
            messages.append(message)
            messages += [
                {"role": "tool", "tool_call_id": call["id"], "content": RESULTS[call["function"]["name"]]}
                for call in message["tool_calls"]
            ]
            got, _ = self.once(model, messages, ask)
        return got

    def content(self, ask: Ask) -> Any:
        parts: list[Any] = []
        if ask.image or ask.image_url:
            parts.append(
                {"type": "image_url", "image_url": {"url": ask.image_url or f"data:image/png;base64,{ask.image}"}}
            )
        if ask.pdf:
            file = {"filename": "paper.pdf", "file_data": f"data:application/pdf;base64,{ask.pdf}"}
            parts.append({"type": "file", "file": file})
        if ask.audio:
            parts.append({"type": "input_audio", "input_audio": {"data": ask.audio, "format": "wav"}})
        return [{"type": "text", "text": ask.prompt}, *parts] if parts else ask.prompt

    def options(self, ask: Ask) -> dict[str, Any]:
        more = given(
            {"max_completion_tokens": ask.max_tokens, "stop": ask.stop, "seed": ask.seed, "n": ask.n,
             "temperature": ask.temperature, "frequency_penalty": ask.penalty, "safety_identifier": ask.user,
             "reasoning_effort": "low" if ask.thinking else None}
        )  # fmt: skip
        if ask.tools:
            more["tools"] = [{"type": "function", "function": tool} for tool in TOOLS]
        if ask.choice:
            named = {"type": "function", "function": {"name": ask.choice}}
            more["tool_choice"] = ask.choice if ask.choice in ("required", "none") else named
        if ask.parallel is not None:
            more["parallel_tool_calls"] = ask.parallel
        if ask.schema:
            form = {"name": "person", "schema": PERSON, "strict": True}
            more["response_format"] = {"type": "json_schema", "json_schema": form}
        if ask.json:
            more["response_format"] = {"type": "json_object"}
        if ask.logprobs:
            more |= {"logprobs": True, "top_logprobs": ask.logprobs}
        return more

    def once(self, model: str, messages: list[Any], ask: Ask) -> tuple[Told, Any]:
        options = self.options(ask)
        if ask.stream:
            return self.streamed(model, messages, options)
        answer = self.client.chat.completions.create(model=model, messages=messages, **options)
        choice = answer.choices[0]
        message = choice.message.model_dump(exclude_none=True)
        calls = [[call.function.name, json.loads(call.function.arguments)] for call in choice.message.tool_calls or ()]
        got = Told(
            text=choice.message.content or choice.message.refusal or "",
            calls=calls,
            finish=self.finish(choice.finish_reason or "", choice.message.refusal),
            thought=getattr(choice.message, "reasoning_content", "") or "",
            usage=self.usage(answer.usage),
            answers=len(answer.choices),
        )
        if choice.logprobs:
            got.logprobs = [[one.token, one.logprob, len(one.top_logprobs)] for one in choice.logprobs.content or ()]
        return got, message

    def streamed(self, model: str, messages: list[Any], options: dict[str, Any]) -> tuple[Told, Any]:
        got = Told()
        message: dict[str, Any] = {"role": "assistant"}
        refusal = ""
        calls: dict[int, dict[str, Any]] = {}
        options = options | {"stream": True, "stream_options": {"include_usage": True}}
        for chunk in self.client.chat.completions.create(model=model, messages=messages, **options):
            if chunk.usage:
                got.usage = self.usage(chunk.usage)
            for choice in chunk.choices:
                delta = choice.delta
                got.pieces += bool(delta.content)
                got.text += delta.content or ""
                refusal += delta.refusal or ""
                got.thought += getattr(delta, "reasoning_content", "") or ""
                for name, value in (delta.model_extra or {}).items():
                    _grow(message, name, value)
                for piece in delta.tool_calls or ():
                    _grow_call(calls.setdefault(piece.index, {}), piece.model_dump(exclude_none=True))
                if choice.logprobs:
                    got.logprobs += [
                        [one.token, one.logprob, len(one.top_logprobs)] for one in choice.logprobs.content or ()
                    ]
                got.finish = self.finish(choice.finish_reason, refusal) if choice.finish_reason else got.finish
        got.text += refusal
        got.calls = [
            [one["function"]["name"], json.loads(one["function"]["arguments"])] for _, one in sorted(calls.items())
        ]
        message["content"] = got.text or None
        if calls:
            message["tool_calls"] = [one for _, one in sorted(calls.items())]
        return got, message

    def finish(self, reason: str, refusal: str | None) -> str:
        return "refusal" if refusal or reason == "content_filter" else reason

    def usage(self, usage: Any) -> dict[str, int]:
        if usage is None:
            return {}
        counts = {"input": usage.prompt_tokens, "output": usage.completion_tokens}
        if usage.prompt_tokens_details:
            counts["cached"] = usage.prompt_tokens_details.cached_tokens
        if usage.completion_tokens_details:
            counts["reasoning"] = usage.completion_tokens_details.reasoning_tokens
        return counts


def _grow(message: dict[str, Any], name: str, value: Any) -> None:
    """Fields that the SDK has no name for, gathered as a client that keeps them would."""
    if isinstance(value, str):
        message[name] = message.get(name, "") + value
    elif isinstance(value, list):
        message[name] = [*message.get(name, []), *value]
    elif value is not None:
        message[name] = value


def _grow_call(call: dict[str, Any], piece: dict[str, Any]) -> None:
    function = call.setdefault("function", {"name": "", "arguments": ""})
    function["name"] += piece.get("function", {}).get("name") or ""
    function["arguments"] += piece.get("function", {}).get("arguments") or ""
    call["type"] = "function"
    call.update({name: value for name, value in piece.items() if name not in ("function", "index", "type")})


# ---------------------------------------------------------------- OpenAI responses
class OpenAIResponses(Driver):
    """`client.responses`, stateless: what it gave goes back with the next request."""

    failures = (openai.OpenAIError,)

    def open(self, base_url: str, key: str) -> None:
        self.client = openai.OpenAI(base_url=base_url, api_key=key, http_client=self.http, max_retries=0)

    def talk(self, model: str, ask: Ask) -> Told:
        cannot(ask, "stop", "seed", "top_k", "penalty", "n", "failed", "audio")
        items: list[Any] = [{"role": role, "content": words} for role, words in ask.history]
        items.append({"role": "user", "content": self.content(ask)})
        got, output = self.once(model, items, ask)
        if ask.results and got.calls and not got.error:
            items += [item.model_dump(exclude_none=True) for item in output]
            items += [
                {"type": "function_call_output", "call_id": item.call_id, "output": RESULTS[item.name]}
                for item in output
                if item.type == "function_call"
            ]
            got, _ = self.once(model, items, ask)
        return got

    def content(self, ask: Ask) -> Any:
        parts: list[Any] = []
        if ask.image or ask.image_url:
            url = ask.image_url or f"data:image/png;base64,{ask.image}"
            parts.append({"type": "input_image", "image_url": url, "detail": "auto"})
        if ask.pdf:
            data = f"data:application/pdf;base64,{ask.pdf}"
            parts.append({"type": "input_file", "filename": "paper.pdf", "file_data": data})
        return [{"type": "input_text", "text": ask.prompt}, *parts] if parts else ask.prompt

    def once(self, model: str, items: list[Any], ask: Ask) -> tuple[Told, Any]:
        options = given(
            {"max_output_tokens": ask.max_tokens, "temperature": ask.temperature, "instructions": ask.system,
             "safety_identifier": ask.user, "top_logprobs": ask.logprobs}
        )  # fmt: skip
        include = ["reasoning.encrypted_content"] if ask.thinking else []
        include += ["message.output_text.logprobs"] if ask.logprobs else []
        if include:
            options["include"] = include
        if ask.thinking:
            options["reasoning"] = {"effort": "low", "summary": "auto"}
        if ask.tools:
            options["tools"] = [{"type": "function", "strict": False, **tool} for tool in TOOLS]
        if ask.choice:
            named = {"type": "function", "name": ask.choice}
            options["tool_choice"] = ask.choice if ask.choice in ("required", "none") else named
        if ask.parallel is not None:
            options["parallel_tool_calls"] = ask.parallel
        if ask.schema:
            form = {"type": "json_schema", "name": "person", "schema": PERSON, "strict": True}
            options["text"] = {"format": form}
        if ask.json:
            options["text"] = {"format": {"type": "json_object"}}
        if ask.stream:
            return self.streamed(model, items, options)
        response = self.client.responses.create(model=model, input=items, store=False, **options)
        return self.read(response), response.output

    def streamed(self, model: str, items: list[Any], options: dict[str, Any]) -> tuple[Told, Any]:
        last, pieces, text, numbers, arguments = None, 0, "", [], ""
        for event in self.client.responses.create(model=model, input=items, store=False, stream=True, **options):
            numbers.append(event.sequence_number)
            if event.type in ("response.output_text.delta", "response.refusal.delta"):
                pieces, text = pieces + 1, text + event.delta
            elif event.type == "response.function_call_arguments.delta":
                arguments += event.delta
            elif event.type == "error":
                return Told(text=text, error="error event", message=event.message), []
            elif event.type in ("response.completed", "response.incomplete", "response.failed"):
                last = event
        assert numbers == list(range(len(numbers))), f"sequence numbers: {numbers}"
        if last is None or last.type == "response.failed":
            said = last.response.error.message if last else "no last event"
            return Told(text=text, error="failed", message=said), []
        got = self.read(last.response)
        assert text == got.text, f"the stream said {text!r}, the answer {got.text!r}"
        written = "".join(item.arguments for item in last.response.output if item.type == "function_call")
        assert arguments == written, f"the stream said {arguments!r}, the answer {written!r}"
        got.pieces = pieces
        return got, last.response.output

    def read(self, response: Any) -> Told:
        got = Told(finish="length" if response.status == "incomplete" else "stop")
        for item in response.output:
            if item.type == "message":
                for part in item.content:
                    if part.type == "refusal":
                        got.text, got.finish = got.text + part.refusal, "refusal"
                    else:
                        got.text += part.text
                        got.logprobs += [[one.token, one.logprob, len(one.top_logprobs)] for one in part.logprobs or ()]
            elif item.type == "function_call":
                got.calls.append([item.name, json.loads(item.arguments)])
                got.finish = "tool_calls"
            elif item.type == "reasoning":
                got.thought += "".join(one.text for one in item.summary)
        if response.incomplete_details and response.incomplete_details.reason == "content_filter":
            got.finish = "refusal"
        usage = response.usage
        got.usage = {
            "input": usage.input_tokens,
            "output": usage.output_tokens,
            "cached": usage.input_tokens_details.cached_tokens,
            "reasoning": usage.output_tokens_details.reasoning_tokens,
        }
        return got


# ---------------------------------------------------------------- Anthropic
class AnthropicMessages(Driver):
    """`client.messages`."""

    failures = (anthropic.AnthropicError,)

    def open(self, base_url: str, key: str) -> None:
        self.client = anthropic.Anthropic(base_url=base_url, api_key=key, http_client=self.http, max_retries=0)

    def talk(self, model: str, ask: Ask) -> Told:
        cannot(ask, "seed", "penalty", "n", "audio", "logprobs", "json")
        messages: list[Any] = [{"role": role, "content": words} for role, words in ask.history]
        messages.append({"role": "user", "content": self.content(ask)})
        got, content = self.once(model, messages, ask)
        if ask.results and got.calls and not got.error:
            messages.append({"role": "assistant", "content": content})
            failed = {"is_error": True} if ask.failed else {}
            results = [
                {"type": "tool_result", "tool_use_id": block.id, "content": RESULTS[block.name], **failed}
                for block in content
                if block.type == "tool_use"
            ]
            messages.append({"role": "user", "content": results})
            got, _ = self.once(model, messages, ask)
        return got

    def content(self, ask: Ask) -> Any:
        parts: list[Any] = []
        if ask.image:
            source = {"type": "base64", "media_type": "image/png", "data": ask.image}
            parts.append({"type": "image", "source": source})
        if ask.image_url:
            parts.append({"type": "image", "source": {"type": "url", "url": ask.image_url}})
        if ask.pdf:
            source = {"type": "base64", "media_type": "application/pdf", "data": ask.pdf}
            parts.append({"type": "document", "source": source, "title": "paper"})
        return [*parts, {"type": "text", "text": ask.prompt}] if parts else ask.prompt

    def once(self, model: str, messages: list[Any], ask: Ask) -> tuple[Told, Any]:
        options = given({"system": ask.system, "stop_sequences": ask.stop})
        options["max_tokens"] = ask.max_tokens or MAX_TOKENS
        sampling = given({"temperature": ask.temperature, "top_k": ask.top_k})
        if sampling:  # an older client's manner: the present one has no such words
            options["extra_body"] = sampling
            options["extra_headers"] = {"anthropic-version": "2023-06-01"}
        if ask.user:
            options["metadata"] = {"user_id": ask.user}
        if ask.tools:
            options["tools"] = [
                {"name": tool["name"], "description": tool["description"], "input_schema": tool["parameters"]}
                for tool in TOOLS
            ]
        choice: dict[str, Any] = {}
        if ask.choice:
            named = {"type": "tool", "name": ask.choice}
            choice = {"required": {"type": "any"}, "none": {"type": "none"}}.get(ask.choice, named)
        if ask.parallel is not None:
            choice = (choice or {"type": "auto"}) | {"disable_parallel_tool_use": not ask.parallel}
        if choice:
            options["tool_choice"] = choice
        if ask.schema:
            options["output_config"] = {"format": {"type": "json_schema", "schema": PERSON}}
        if ask.thinking:
            options["thinking"] = {"type": "enabled", "budget_tokens": THINKING_BUDGET}
        if not ask.stream:
            message = self.client.messages.create(model=model, messages=messages, **options)
            return self.read(message), message.content
        pieces = 0
        with self.client.messages.stream(model=model, messages=messages, **options) as stream:
            for event in stream:
                pieces += event.type == "text"
            message = stream.get_final_message()
        got = self.read(message)
        got.pieces = pieces
        return got, message.content

    def read(self, message: Any) -> Told:
        words = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls"}
        usage = message.usage
        cached, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
        counts = {
            "input": usage.input_tokens + cached + written, "output": usage.output_tokens, "cached": cached,
        }  # fmt: skip
        if usage.output_tokens_details:
            counts["reasoning"] = usage.output_tokens_details.thinking_tokens
        return Told(
            text="".join(block.text for block in message.content if block.type == "text"),
            calls=[[block.name, block.input] for block in message.content if block.type == "tool_use"],
            thought="".join(block.thinking for block in message.content if block.type == "thinking"),
            finish=words.get(message.stop_reason, message.stop_reason),
            usage=counts,
        )


# ---------------------------------------------------------------- Gemini
class Gemini(Driver):
    """`client.models`."""

    failures = (genai_errors.APIError, genai_errors.UnknownApiResponseError)

    def open(self, base_url: str, key: str) -> None:
        options = types.HttpOptions(
            base_url=base_url, httpx_client=self.http, retry_options=types.HttpRetryOptions(attempts=1)
        )
        self.client = genai.Client(api_key=key, http_options=options, vertexai=False)

    def status_of(self, error: Exception) -> int:
        return int(getattr(error, "code", 0) or 0)

    def talk(self, model: str, ask: Ask) -> Told:
        cannot(ask, "user", "parallel")
        contents: list[Any] = [
            types.Content(role="model" if role == "assistant" else role, parts=[types.Part(text=words)])
            for role, words in ask.history
        ]
        contents.append(types.Content(role="user", parts=self.parts(ask)))
        got, content = self.once(model, contents, ask)
        if ask.results and got.calls and not got.error:
            contents.append(content)
            name = "error" if ask.failed else "output"
            contents.append(
                types.Content(
                    role="user",
                    parts=[
                        types.Part(
                            function_response=types.FunctionResponse(
                                id=part.function_call.id,
                                name=part.function_call.name,
                                response={name: RESULTS[part.function_call.name]},
                            )
                        )
                        for part in content.parts
                        if part.function_call
                    ],
                )
            )
            got, _ = self.once(model, contents, ask)
        return got

    def parts(self, ask: Ask) -> list[types.Part]:
        parts = [types.Part(text=ask.prompt)]
        for data, kind in ((ask.image, "image/png"), (ask.pdf, "application/pdf"), (ask.audio, "audio/wav")):
            if data:
                parts.append(types.Part.from_bytes(data=base64.b64decode(data), mime_type=kind))
        if ask.image_url:
            parts.append(types.Part.from_uri(file_uri=ask.image_url, mime_type="image/png"))
        return parts

    def config(self, ask: Ask) -> types.GenerateContentConfig:
        options = given(
            {"system_instruction": ask.system, "stop_sequences": ask.stop, "seed": ask.seed, "candidate_count": ask.n,
             "temperature": ask.temperature, "top_k": ask.top_k, "frequency_penalty": ask.penalty,
             "max_output_tokens": ask.max_tokens, "logprobs": ask.logprobs}
        )  # fmt: skip
        if ask.logprobs:
            options["response_logprobs"] = True
        if ask.tools:
            declared = [
                {"name": one["name"], "description": one["description"], "parameters_json_schema": one["parameters"]}
                for one in TOOLS
            ]
            options["tools"] = [{"function_declarations": declared}]
            options["automatic_function_calling"] = {"disable": True}
        if ask.choice:
            calling: dict[str, Any] = {"mode": "NONE" if ask.choice == "none" else "ANY"}
            if ask.choice not in ("none", "required"):
                calling["allowed_function_names"] = [ask.choice]
            options["tool_config"] = {"function_calling_config": calling}
        if ask.schema or ask.json:
            options["response_mime_type"] = "application/json"
        if ask.schema:
            options["response_json_schema"] = PERSON
        if ask.thinking:
            options["thinking_config"] = {"include_thoughts": True, "thinking_budget": THINKING_BUDGET}
        return types.GenerateContentConfig(**options)

    def once(self, model: str, contents: list[Any], ask: Ask) -> tuple[Told, Any]:
        config = self.config(ask)
        if not ask.stream:
            answer = self.client.models.generate_content(model=model, contents=contents, config=config)
            got = Told()
            self.read(answer, got)
            got.answers = len(answer.candidates or ())
            return got, answer.candidates[0].content
        got, parts = Told(), []
        for chunk in self.client.models.generate_content_stream(model=model, contents=contents, config=config):
            before = got.text
            self.read(chunk, got)
            got.pieces += got.text != before
            for candidate in chunk.candidates or ():
                parts += (candidate.content.parts or []) if candidate.content else []
        return got, types.Content(role="model", parts=parts)

    def read(self, answer: Any, got: Told) -> None:
        for candidate in (answer.candidates or ())[:1]:
            for part in (candidate.content.parts if candidate.content else None) or ():
                if part.thought:
                    got.thought += part.text or ""
                elif part.function_call:
                    got.calls.append([part.function_call.name, part.function_call.args])
                else:
                    got.text += part.text or ""
            reason = str(candidate.finish_reason.value) if candidate.finish_reason else ""
            words = {"STOP": "stop", "MAX_TOKENS": "length", "": got.finish}
            got.finish = words.get(reason, "refusal")
            if got.calls and got.finish == "stop":
                got.finish = "tool_calls"
            if found := candidate.logprobs_result:
                others = [len(one.candidates or ()) for one in found.top_candidates or ()]
                for at, one in enumerate(found.chosen_candidates or ()):
                    got.logprobs.append([one.token, one.log_probability, others[at] if at < len(others) else 0])
        if usage := answer.usage_metadata:
            thoughts = usage.thoughts_token_count or 0
            got.usage = {
                "input": usage.prompt_token_count or 0,
                "output": (usage.candidates_token_count or 0) + thoughts,
                "cached": usage.cached_content_token_count or 0,
                "reasoning": thoughts,
            }


DRIVERS: dict[str, Callable[[str, str], Driver]] = {
    "chat": OpenAIChat,
    "responses": OpenAIResponses,
    "anthropic": AnthropicMessages,
    "gemini": Gemini,
}
